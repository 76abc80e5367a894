// The software model of a matrix product with a half-precision accumulator, as Hopper's tensor
// cores run it (arXiv 2512.07004, 2511.10909): products of `block` neighbouring k are added to the
// accumulator in float, by fused multiply-adds in order of k; then the accumulator is rounded once
// to half, to nearest even. Blocks: 16 as on Hopper, 8 as on Ampere and Ada, 4 as on Volta.
#pragma once

#include <cstdint>
#include <vector>

namespace sameseed {

// The nearest half-precision number, ties to even; subnormals are kept, overflow gives infinity.
float round_to_half(float value);

// c[m, n] = sum over k of a[m, k] * b[n, k], all row-major, values of a and b on the half grid.
// States the model.
void half_product_plain(const float* a, const float* b, float* c, std::int64_t m, std::int64_t n,
                        std::int64_t k, int block);

// b of a product, laid out for the vectorised kernels: panels of kWidth columns, k by k, the last
// one filled with zeros.
class PackedMatrix {
 public:
  static constexpr std::int64_t kWidth = 48;
  PackedMatrix() = default;
  PackedMatrix(const float* b, std::int64_t n, std::int64_t k);  // b [n, k]
  std::int64_t n() const { return n_; }
  std::int64_t k() const { return k_; }
  const float* panel(std::int64_t index) const { return values_.data() + index * k_ * kWidth; }
  std::int64_t panels() const { return (n_ + kWidth - 1) / kWidth; }

 private:
  std::int64_t n_ = 0, k_ = 0;
  std::vector<float> values_;
};

enum class Kernel { kBest, kAvx512, kAvx2, kPlain };

// Whether this processor has what the kernel needs.
bool is_available(Kernel kernel);

// The same product, to the bit, with the widest instructions at hand and `threads` threads.
void half_product(const float* a, const PackedMatrix& b, float* c, std::int64_t m, int block,
                  int threads, Kernel kernel = Kernel::kBest);

}  // namespace sameseed
