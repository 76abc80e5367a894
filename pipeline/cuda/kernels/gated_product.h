// A product whose epilogue gates it (GEGLU): what a library's product writes and a gate behind it
// reads again stays in registers. By CUTLASS on compute capability 9; no LibTorch here.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sameseed::cuda {

// y [m, inner] = (x V^T + v) * gelu_erf(x G^T + g), sums in float32, everything stored in fp16.
// x [m, k] and y row by row; the rows of V and G [inner, k] lie in turn in w [2 * inner, k]: V0,
// G0, V1, G1, ...; bias [2 * inner] likewise. k and inner are multiples of 8.
struct GatedProduct {
  std::int64_t m = 0, inner = 0, k = 0;
  const void *x = nullptr, *w = nullptr, *bias = nullptr;
  void* y = nullptr;
};

// One way to run it: a tile, the order of tiles, and how many neighbours share an operand's tile.
struct GatedKernel {
  const char* tile;  // "128x160x64"
  int swizzle;
  bool along_n;
  // False where this kernel cannot run this product; `workspace` is device memory.
  bool (*run)(const GatedProduct& product, int swizzle, bool along_n, void* workspace,
              std::size_t workspace_bytes, cudaStream_t stream);

  std::string name() const;
};

// All that this build has for this device: none without CUTLASS or on another architecture.
std::vector<GatedKernel> gated_kernels(int device);

}  // namespace sameseed::cuda
