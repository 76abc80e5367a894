#include "pipeline/cpu/fp8_product.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "pipeline/cpu/fp8_tile.h"

namespace sameseed {
namespace {

struct Any;

constexpr float kLargest = 448;
constexpr int kLeast = -6;  // the exponent of subnormal E4M3 numbers

bool is_nan(std::uint8_t code) { return (code & 0x7f) == 0x7f; }

// A number as the multiplier takes it: subnormals are not normalised first.
int exponent_of(std::uint8_t code) {
  if ((code & 0x7f) == 0) return kFp8ExponentOfZero;
  return std::max(code >> 3 & 15, 1) - 7;
}

// What the kernels compute with: NaN is put into its row's results afterwards.
float finite_value(std::uint8_t code) { return is_nan(code) ? 0.0f : from_e4m3(code); }

bool has_nan(const std::uint8_t* codes, std::int64_t count) {
  return std::any_of(codes, codes + count, is_nan);
}

float cut_off(float value) {
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) & ~0x3ffu);
}

// The sum of 32 products and what was added up before.
float add_block(float chain, const std::uint8_t* a, const std::uint8_t* b, std::int64_t count) {
  int top = chain == 0 ? kFp8LeastExponent : std::max(kFp8LeastExponent, std::ilogb(chain));
  for (std::int64_t i = 0; i < count; ++i)
    top = std::max(top, exponent_of(a[i]) + exponent_of(b[i]));
  const auto integer = [&](float term) { return std::trunc(std::ldexp(term, kFp8Fraction - top)); };
  float total = integer(chain);  // whole numbers below 2^21: exact
  for (std::int64_t i = 0; i < count; ++i)
    total += integer(finite_value(a[i]) * finite_value(b[i]));
  return cut_off(std::ldexp(total, top - kFp8Fraction));
}

float dot(const std::uint8_t* a, const std::uint8_t* b, std::int64_t k, bool fast) {
  float sum = 0, chain = 0;
  for (std::int64_t at = 0; at < k; at += kFp8Block) {
    chain = add_block(chain, a + at, b + at, std::min<std::int64_t>(kFp8Block, k - at));
    if (fast || (at + kFp8Block) % kFp8Promotion != 0) continue;
    sum += chain;
    chain = 0;
  }
  return sum + chain;
}

}  // namespace

std::uint8_t to_e4m3(float value) {
  const std::uint8_t sign = std::signbit(value) ? 0x80 : 0;
  if (std::isnan(value)) return 0x7f;
  const float size = std::fabs(value);
  if (size >= kLargest) return sign | 0x7e;
  // Eighths of the power of two below; those that round up to 16 carry into the exponent.
  const int exponent = size < 0x1p-6f ? kLeast : std::ilogb(size);
  const int eighths = static_cast<int>(std::nearbyint(std::ldexp(size, 3 - exponent)));
  return static_cast<std::uint8_t>(sign | (((exponent - kLeast) << 3) + eighths));
}

float from_e4m3(std::uint8_t code) {
  if (is_nan(code)) return std::numeric_limits<float>::quiet_NaN();
  const int field = code >> 3 & 15, eighths = (code & 7) + (field > 0 ? 8 : 0);
  const float size = std::ldexp(static_cast<float>(eighths), std::max(field, 1) - 7 - 3);
  return (code & 0x80) != 0 ? -size : size;
}

float e4m3_scale(float largest) { return largest > 0 ? largest / kLargest : 1.0f; }

float Fp8Matrix::value(std::int64_t row, std::int64_t column) const {
  return from_e4m3(codes[static_cast<std::size_t>(row * columns + column)]) *
         scales[static_cast<std::size_t>(row)];
}

Fp8Matrix quantise_e4m3(const float* x, std::int64_t rows, std::int64_t columns, ScaleOf scale_of) {
  Fp8Matrix made{.rows = rows, .columns = columns};
  made.codes.resize(static_cast<std::size_t>(rows * columns));
  const auto largest = [x](std::int64_t begin, std::int64_t end) {
    float most = 0;  // fmax passes over NaN
    for (std::int64_t i = begin; i < end; ++i) most = std::fmax(most, std::fabs(x[i]));
    return most;
  };
  const float of_all = scale_of == ScaleOf::kTensor ? e4m3_scale(largest(0, rows * columns)) : 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t begin = row * columns, end = begin + columns;
    const float scale = scale_of == ScaleOf::kTensor ? of_all : e4m3_scale(largest(begin, end));
    made.scales.push_back(scale);
    const float by = 1.0f / scale;
    for (std::int64_t i = begin; i < end; ++i)
      made.codes[static_cast<std::size_t>(i)] = to_e4m3(x[i] * by);
  }
  return made;
}

Fp8Panels::Fp8Panels(const Fp8Matrix& b) : n_(b.rows), k_(b.columns), scales_(b.scales) {
  values_.assign(static_cast<std::size_t>(panels() * k_ * kWidth), 0.0f);
  exponents_.assign(values_.size(), kFp8ExponentOfZero);
  for (std::int64_t j = 0; j < n_; ++j) {
    const std::uint8_t* row = b.codes.data() + j * k_;
    if (has_nan(row, k_)) scales_[static_cast<std::size_t>(j)] = NAN;
    for (std::int64_t at = 0; at < k_; ++at) {
      const auto to = static_cast<std::size_t>((j / kWidth * k_ + at) * kWidth + j % kWidth);
      values_[to] = finite_value(row[at]);
      exponents_[to] = exponent_of(row[at]);
    }
  }
}

void fp8_product_plain(const Fp8Matrix& a, const Fp8Matrix& b, float* c, bool fast) {
  for (std::int64_t i = 0; i < a.rows; ++i)
    for (std::int64_t j = 0; j < b.rows; ++j) {
      const std::uint8_t *x = a.codes.data() + i * a.columns, *y = b.codes.data() + j * a.columns;
      const bool nan = has_nan(x, a.columns) || has_nan(y, a.columns);
      const float scale =
          a.scales[static_cast<std::size_t>(i)] * b.scales[static_cast<std::size_t>(j)];
      c[i * b.rows + j] = nan ? NAN : dot(x, y, a.columns, fast) * scale;
    }
}

void fp8_tile_any(const Fp8Tile& tile) { run_fp8_tile<Any>(tile); }

void fp8_product(const Fp8Matrix& a, const Fp8Panels& b, float* c, bool fast, int threads) {
  if (a.columns != b.k()) throw std::invalid_argument("factors of different depth");
  std::vector<float> values(a.codes.size()), scales = a.scales;
  std::vector<std::int32_t> exponents(a.codes.size());
  for (std::size_t i = 0; i < a.codes.size(); ++i) {
    values[i] = finite_value(a.codes[i]);
    exponents[i] = exponent_of(a.codes[i]);
  }
  for (std::int64_t i = 0; i < a.rows; ++i)
    if (has_nan(a.codes.data() + i * a.columns, a.columns))
      scales[static_cast<std::size_t>(i)] = NAN;
  const bool avx2 = __builtin_cpu_supports("avx2");
  constexpr std::int64_t kRowsATask = 64;
  const std::int64_t strips = (a.rows + kRowsATask - 1) / kRowsATask, tasks = strips * b.panels();
#pragma omp parallel for num_threads(threads) schedule(dynamic) if (threads > 1 && tasks > 1)
  for (std::int64_t task = 0; task < tasks; ++task) {
    const std::int64_t panel = task / strips, first = task % strips * kRowsATask;
    const std::int64_t rows = std::min(kRowsATask, a.rows - first);
    float sums[kRowsATask * Fp8Panels::kWidth];
    const Fp8Tile tile{.a = values.data() + first * a.columns,
                       .a_exponents = exponents.data() + first * a.columns,
                       .b = b.values(panel),
                       .b_exponents = b.exponents(panel),
                       .sums = sums,
                       .k = a.columns,
                       .rows = rows,
                       .fast = fast};
    avx2 ? fp8_tile_avx2(tile) : fp8_tile_any(tile);
    const std::int64_t column = panel * Fp8Panels::kWidth,
                       wanted = std::min(Fp8Panels::kWidth, b.n() - column);
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < wanted; ++j)
        c[(first + i) * b.n() + column + j] =
            sums[i * Fp8Panels::kWidth + j] *
            (scales[static_cast<std::size_t>(first + i)] * b.scale(column + j));
  }
}

}  // namespace sameseed
