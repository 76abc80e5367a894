#include "pipeline/cpu/half_product.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "pipeline/cpu/half_tile.h"

namespace sameseed {

float round_to_half(float value) {
  const float size = std::fabs(value);
  if (!std::isfinite(value)) return value;
  if (size >= 65520.0f) return std::copysign(std::numeric_limits<float>::infinity(), value);
  // Below 2^-14 the grid's spacing stays 2^-24; above, a half has 10 bits behind the leading one.
  const int exponent = size < 0x1p-14f ? -14 : std::ilogb(size);
  const float spacing = std::ldexp(1.0f, exponent - 10);
  return std::nearbyint(value / spacing) * spacing;
}

void half_product_plain(const float* a, const float* b, float* c, std::int64_t m, std::int64_t n,
                        std::int64_t k, int block) {
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      float accumulator = 0;
      for (std::int64_t start = 0; start < k; start += block) {
        for (std::int64_t at = start; at < std::min(k, start + block); ++at)
          accumulator = std::fma(a[i * k + at], b[j * k + at], accumulator);
        accumulator = round_to_half(accumulator);
      }
      c[i * n + j] = accumulator;
    }
}

PackedMatrix::PackedMatrix(const float* b, std::int64_t n, std::int64_t k) : n_(n), k_(k) {
  values_.assign(static_cast<std::size_t>(panels() * k * kWidth), 0.0f);
  for (std::int64_t j = 0; j < n; ++j)
    for (std::int64_t at = 0; at < k; ++at)
      values_[static_cast<std::size_t>(((j / kWidth) * k + at) * kWidth + j % kWidth)] =
          b[j * k + at];
}

bool is_available(Kernel kernel) {
  switch (kernel) {
    case Kernel::kAvx512:
      return __builtin_cpu_supports("avx512f");
    case Kernel::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("f16c");
    default:
      return true;
  }
}

void half_product(const float* a, const PackedMatrix& b, float* c, std::int64_t m, int block,
                  int threads, Kernel kernel) {
  if (block < 1) throw std::invalid_argument("a block holds at least one product");
  if (kernel == Kernel::kBest)
    kernel = is_available(Kernel::kAvx512) ? Kernel::kAvx512
             : is_available(Kernel::kAvx2) ? Kernel::kAvx2
                                           : Kernel::kPlain;
  constexpr std::int64_t kRowsATask = 64;
  const std::int64_t strips = (m + kRowsATask - 1) / kRowsATask, tasks = strips * b.panels();
#pragma omp parallel for num_threads(threads) schedule(dynamic) if (threads > 1 && tasks > 1)
  for (std::int64_t task = 0; task < tasks; ++task) {
    const std::int64_t panel = task / strips, row = (task % strips) * kRowsATask;
    const std::int64_t column = panel * PackedMatrix::kWidth;
    const Tile tile{.a = a + row * b.k(),
                    .panel = b.panel(panel),
                    .c = c + row * b.n() + column,
                    .k = b.k(),
                    .stride = b.n(),
                    .rows = std::min(kRowsATask, m - row),
                    .columns = std::min(PackedMatrix::kWidth, b.n() - column),
                    .block = block};
    if (kernel == Kernel::kAvx512) {
      half_tile_avx512(tile, PackedMatrix::kWidth);
    } else if (kernel == Kernel::kAvx2) {
      half_tile_avx2(tile, PackedMatrix::kWidth);
    } else {
      std::vector<float> columns(static_cast<std::size_t>(tile.k));
      for (std::int64_t j = 0; j < tile.columns; ++j) {
        for (std::int64_t at = 0; at < tile.k; ++at)
          columns[static_cast<std::size_t>(at)] = tile.panel[at * PackedMatrix::kWidth + j];
        for (std::int64_t i = 0; i < tile.rows; ++i)
          half_product_plain(tile.a + i * tile.k, columns.data(), tile.c + i * tile.stride + j, 1,
                             1, tile.k, block);
      }
    }
  }
}

}  // namespace sameseed
