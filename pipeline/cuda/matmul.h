// Matrix products of the accelerated path by cuBLASLt, with bias and residual in the epilogue.
#pragma once

#include <cublasLt.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "pipeline/cuda/choices.h"

namespace sameseed::cuda {

// y [m, n] = x [m, k] * w [n, k]^T (+ bias [n]) (+ residual [m, n]), all row by row.
struct MatmulShape {
  std::int64_t m = 0, n = 0, k = 0;
  bool bias = false, residual = false;
  bool half_sums = false;  // add up in fp16 (COMPUTE_16F), else in float32
  cudaDataType type = CUDA_R_16F;

  auto operator<=>(const MatmulShape&) const = default;
};

std::string to_string(const MatmulShape& shape);

class Matmul {
 public:
  // `workspace`: device memory that products of one stream share.
  Matmul(Choices& choices, void* workspace, std::size_t workspace_bytes);
  ~Matmul();

  // Searches an algorithm on the first call of a shape, which then may not be captured. Throws
  // std::runtime_error where the library has none.
  void run(const MatmulShape& shape, const void* x, const void* w, const void* bias,
           const void* residual, void* y, cudaStream_t stream);

 private:
  struct Plan;
  const Plan& plan(const MatmulShape& shape, const void* x, const void* w, const void* bias,
                   const void* residual, void* y, cudaStream_t stream);

  Choices& choices_;
  void* workspace_;
  std::size_t workspace_bytes_;
  cublasLtHandle_t handle_ = nullptr;
  std::map<MatmulShape, std::unique_ptr<Plan>> plans_;
};

}  // namespace sameseed::cuda
