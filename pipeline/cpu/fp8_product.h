// The software model of a matrix product in FP8 (E4M3), as Hopper's tensor cores run it
// (arXiv 2511.10909): 32 exact products and the sum so far are aligned to the largest exponent
// among them, cut off behind 13 fraction bits, added exactly, and the sum is cut off behind 13
// fraction bits again. "Fast" accumulation does that over all of k; exact accumulation puts the sum
// into a float32 one every 128 products, as cuBLASLt does without CUBLASLT_MATMUL_DESC_FAST_ACCUM.
#pragma once

#include <cstdint>
#include <vector>

namespace sameseed {

// The E4M3 number nearest to `value`, ties to even: the bits that cvt.rn.satfinite.e4m3x2.f32
// gives. What is larger than 448 becomes 448, infinity too; NaN becomes 0x7f.
std::uint8_t to_e4m3(float value);
float from_e4m3(std::uint8_t code);  // NaN for 0x7f and 0xff

enum class ScaleOf { kRow, kTensor };

// max|x| / 448 in float32, NaN left aside; 1 where all are zero.
float e4m3_scale(float largest);

// A matrix in E4M3: its values are from_e4m3(code) * scale.
struct Fp8Matrix {
  std::int64_t rows = 0, columns = 0;
  std::vector<std::uint8_t> codes;  // row by row
  std::vector<float> scales;        // one a row

  float value(std::int64_t row, std::int64_t column) const;  // dequantised
};

// x [rows, columns] times 1 / scale in float32, to E4M3. Where a scale is infinite, its values
// become NaN and zeros.
Fp8Matrix quantise_e4m3(const float* x, std::int64_t rows, std::int64_t columns, ScaleOf scale_of);

// b [n, k] of a product, laid out for the kernels: panels of kWidth columns, k by k, the last one
// filled with zeros.
class Fp8Panels {
 public:
  static constexpr std::int64_t kWidth = 8;
  Fp8Panels() = default;
  explicit Fp8Panels(const Fp8Matrix& b);
  std::int64_t n() const { return n_; }
  std::int64_t k() const { return k_; }
  std::int64_t panels() const { return (n_ + kWidth - 1) / kWidth; }
  const float* values(std::int64_t panel) const { return values_.data() + panel * k_ * kWidth; }
  const std::int32_t* exponents(std::int64_t panel) const {
    return exponents_.data() + panel * k_ * kWidth;
  }
  float scale(std::int64_t column) const { return scales_[static_cast<std::size_t>(column)]; }

 private:
  std::int64_t n_ = 0, k_ = 0;
  std::vector<float> values_;
  std::vector<std::int32_t> exponents_;
  std::vector<float> scales_;
};

// c[m, n] = sum over k of a[m, k] * b[n, k], with its scales; row-major. States the model.
void fp8_product_plain(const Fp8Matrix& a, const Fp8Matrix& b, float* c, bool fast);

// The same product, to the bit, by vectors and `threads` threads.
void fp8_product(const Fp8Matrix& a, const Fp8Panels& b, float* c, bool fast, int threads);

}  // namespace sameseed
