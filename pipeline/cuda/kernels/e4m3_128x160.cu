#include "pipeline/cuda/kernels/e4m3_tile.cuh"
#include "pipeline/cuda/kernels/e4m3_tiles.h"

namespace sameseed::cuda {

bool e4m3_128x160(const E4m3Product& product, int swizzle, bool along_n, void* workspace,
                  std::size_t workspace_bytes, cudaStream_t stream) {
  using Tile = tiles::Tile<tiles::E4m3, 128, 160, 128>;
  return Tile::run(tiles::launch_of(product, swizzle, along_n, workspace, workspace_bytes, stream),
                   tiles::arguments_of<Tile::Shape>(product));
}

}  // namespace sameseed::cuda
