// The tiles of the gated product that are compiled, each in a file of its own.
#pragma once

#include "pipeline/cuda/kernels/gated_product.h"

namespace sameseed::cuda {

// As GatedKernel::run. 128x160 is best where rows are few, 64x256 where they are many.
bool gated_128x160(const GatedProduct& product, int swizzle, bool along_n, void* workspace,
                   std::size_t workspace_bytes, cudaStream_t stream);
bool gated_64x256(const GatedProduct& product, int swizzle, bool along_n, void* workspace,
                  std::size_t workspace_bytes, cudaStream_t stream);

}  // namespace sameseed::cuda
