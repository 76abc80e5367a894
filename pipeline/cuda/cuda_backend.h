// The accelerated path's layers on a GPU: pictures channels last, products by cuBLASLt,
// convolutions by cuDNN, attention by cuDNN through ATen, norms and gates by kernels of our own.
#pragma once

#include <memory>

#include "pipeline/cuda/device_context.h"
#include "pipeline/layers/backend.h"

namespace sameseed::cuda {

struct CudaArithmetic {
  at::ScalarType type = at::kHalf;  // or at::kBFloat16, which has no sums in fp16
  bool conv_half = false;           // convolutions add up in fp16
  bool matmul_half = false;         // linear layers add up in fp16
};

std::unique_ptr<Backend> make_cuda_backend(const CudaArithmetic& arithmetic,
                                           std::shared_ptr<DeviceContext> context);

// Relative error of one product and one convolution by this arithmetic, against float64: shows
// which type the sums have.
struct ProbeErrors {
  double conv = 0, matmul = 0;
};
ProbeErrors probe_errors(const CudaArithmetic& arithmetic, DeviceContext& context);

}  // namespace sameseed::cuda
