// The tiles of the product in E4M3 that are compiled, each in a file of its own.
#pragma once

#include "pipeline/cuda/kernels/e4m3_product.h"

namespace sameseed::cuda {

// As E4m3Kernel::run. 160 columns: SDXL's 640 and 1280 are whole tiles, in whole waves of the GPU.
bool e4m3_128x160(const E4m3Product& product, int swizzle, bool along_n, void* workspace,
                  std::size_t workspace_bytes, cudaStream_t stream);
bool e4m3_128x160_residual(const E4m3Product& product, int swizzle, bool along_n, void* workspace,
                           std::size_t workspace_bytes, cudaStream_t stream);

}  // namespace sameseed::cuda
