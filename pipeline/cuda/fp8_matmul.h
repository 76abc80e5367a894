// Matrix products in FP8 (E4M3) by cuBLASLt, or by CUTLASS where that is there and faster, with
// scales, bias and residual in the epilogue.
#pragma once

#include <cublasLt.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/cuda/choices.h"
#include "pipeline/cuda/kernels/e4m3_product.h"

namespace sameseed::cuda {

// y [m, n] = (x [m, k] * w [n, k]^T) * their scales (+ bias [n]) (+ residual [m, n]), all row by
// row; x and w E4M3, scales float32, bias fp16, residual and y of type `out`. k and n are multiples
// of 16.
struct Fp8MatmulShape {
  std::int64_t m = 0, n = 0, k = 0;
  bool bias = false, residual = false;
  bool row_scales = true;  // [m] of x and [n] of w; else one each
  bool fast = false;       // sums keep 13 bits over all of k, else they enter float32 every 128
  cudaDataType out = CUDA_R_16F;

  auto operator<=>(const Fp8MatmulShape&) const = default;
};

std::string to_string(const Fp8MatmulShape& shape);

struct Fp8Operands {
  const void *x = nullptr, *w = nullptr;
  const float *x_scales = nullptr, *w_scales = nullptr;
  const void *bias = nullptr, *residual = nullptr;
  void* y = nullptr;
};

class Fp8Matmul {
 public:
  // `workspace`: device memory that products of one stream share.
  Fp8Matmul(Choices& choices, int device, void* workspace, std::size_t workspace_bytes);
  ~Fp8Matmul();
  Fp8Matmul(const Fp8Matmul&) = delete;
  Fp8Matmul& operator=(const Fp8Matmul&) = delete;

  // Searches an algorithm on the first call of a shape, which then may not be captured. Throws
  // Unsupported where the library has none: nothing is multiplied otherwise instead.
  void run(const Fp8MatmulShape& shape, const Fp8Operands& operands, cudaStream_t stream);

 private:
  struct Plan;
  std::unique_ptr<Plan> described(const Fp8MatmulShape& shape) const;
  void search(const Fp8MatmulShape& shape, const Fp8Operands& operands, Plan& plan,
              cudaStream_t stream);
  cublasStatus_t call(const Plan& plan, const Fp8MatmulShape& shape, const Fp8Operands& operands,
                      const cublasLtMatmulAlgo_t& algorithm, std::size_t workspace_bytes,
                      cudaStream_t stream) const;
  // CUTLASS's for this shape; they know fast sums and row scales alone.
  const std::vector<E4m3Kernel>& kernels_for(const Fp8MatmulShape& shape) const;
  bool call(const E4m3Kernel& kernel, const Fp8MatmulShape& shape, const Fp8Operands& operands,
            cudaStream_t stream) const;

  Choices& choices_;
  void* workspace_;
  std::size_t workspace_bytes_;
  cublasLtHandle_t handle_ = nullptr;
  const std::vector<E4m3Kernel> kernels_, kernels_with_residual_, none_;
  std::map<Fp8MatmulShape, std::unique_ptr<Plan>> plans_;
};

}  // namespace sameseed::cuda
