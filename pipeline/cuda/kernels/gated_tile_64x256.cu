#include "pipeline/cuda/kernels/gated_tile.cuh"
#include "pipeline/cuda/kernels/gated_tiles.h"

namespace sameseed::cuda {

bool gated_64x256(const GatedProduct& product, int swizzle, bool along_n, void* workspace,
                  std::size_t workspace_bytes, cudaStream_t stream) {
  return tiles::run_gated<64, 256>(product, swizzle, along_n, workspace, workspace_bytes, stream);
}

}  // namespace sameseed::cuda
