// Which type the sums of a GPU have, by the error of a product.
#pragma once

#include "pipeline/cuda/cuda_products.h"

namespace sameseed::cuda {

// Relative error of one product and one convolution by this arithmetic, against float64: shows
// which type the sums have.
struct ProbeErrors {
  double conv = 0, matmul = 0;
};
ProbeErrors probe_errors(const CudaArithmetic& arithmetic, DeviceContext& device);

}  // namespace sameseed::cuda
