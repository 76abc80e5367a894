// The accelerated path's layers on a GPU: pictures channels last, products by cuBLASLt,
// convolutions by cuDNN, attention by cuDNN through ATen, norms and gates by kernels of our own.
#pragma once

#include <memory>

#include "pipeline/cuda/cuda_products.h"
#include "pipeline/cuda/device_context.h"
#include "pipeline/layers/backend.h"

namespace sameseed::cuda {

// `network`: where calls of its layers are counted.
std::unique_ptr<Backend> make_cuda_backend(const CudaArithmetic& arithmetic,
                                           std::shared_ptr<DeviceContext> context,
                                           LayerCalls Counters::*network = &Counters::unet);

}  // namespace sameseed::cuda
