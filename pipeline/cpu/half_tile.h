// One tile of the vectorised product, written once over a vector type V that an instruction set
// provides:
//   V::Register, V::kLanes, zero(), load(p), store(p, r), broadcast(x), fma(a, b, c),
//   round_to_half(r).
#pragma once

#include <algorithm>
#include <cstdint>

namespace sameseed {

// What a kernel computes: rows [first, first + rows) of c against one panel of b.
struct Tile {
  const float* a;      // row-major, k apart
  const float* panel;  // [k, width]
  float* c;            // row-major, `stride` apart, at the panel's first column
  std::int64_t k, stride, rows, columns;
  int block;
};

template <typename V, int kRows, int kVectors>
void run_rows(const Tile& t, std::int64_t first, std::int64_t width, std::int64_t column) {
  typename V::Register sum[kRows][kVectors];
  for (auto& row : sum)
    for (auto& value : row) value = V::zero();
  for (std::int64_t k = 0; k < t.k;) {
    const std::int64_t end = std::min(t.k, k + t.block);
    for (; k < end; ++k) {
      typename V::Register b[kVectors];
      for (int v = 0; v < kVectors; ++v)
        b[v] = V::load(t.panel + k * width + column + v * V::kLanes);
      for (int r = 0; r < kRows; ++r) {
        const auto a = V::broadcast(t.a[(first + r) * t.k + k]);
        for (int v = 0; v < kVectors; ++v) sum[r][v] = V::fma(a, b[v], sum[r][v]);
      }
    }
    for (auto& row : sum)
      for (auto& value : row) value = V::round_to_half(value);
  }
  for (int r = 0; r < kRows; ++r) {
    float line[kVectors * V::kLanes];
    for (int v = 0; v < kVectors; ++v) V::store(line + v * V::kLanes, sum[r][v]);
    const std::int64_t wanted = std::min<std::int64_t>(t.columns - column, kVectors * V::kLanes);
    std::copy_n(line, std::max<std::int64_t>(wanted, 0), t.c + (first + r) * t.stride + column);
  }
}

template <typename V, int kMostRows, int kVectors>
void run_columns(const Tile& t, std::int64_t width, std::int64_t column) {
  std::int64_t row = 0;
  for (; row + kMostRows <= t.rows; row += kMostRows)
    run_rows<V, kMostRows, kVectors>(t, row, width, column);
  for (; row < t.rows; ++row) run_rows<V, 1, kVectors>(t, row, width, column);
}

template <typename V, int kMostRows, int kVectors>
void run_tile(const Tile& t, std::int64_t width) {
  const std::int64_t columns = std::min(width, t.columns);
  for (std::int64_t column = 0; column < columns; column += kVectors * V::kLanes)
    // An attention's values have 64 columns or fewer: the last vectors would be empty.
    if (columns - column <= V::kLanes)
      run_columns<V, kMostRows, 1>(t, width, column);
    else
      run_columns<V, kMostRows, kVectors>(t, width, column);
}

void half_tile_avx512(const Tile& tile, std::int64_t width);
void half_tile_avx2(const Tile& tile, std::int64_t width);

}  // namespace sameseed
