// Products in FP8 beside the library's, which has one tile of 128x128 for them. By CUTLASS on
// compute capability 9; no LibTorch here.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sameseed::cuda {

// y [m, n] = (x [m, k] * w [n, k]^T) * their scales + bias [n] + residual [m, n], all row by row: x
// and w E4M3 with a float32 scale a row, sums fast ones (13 bits), the rest fp16. bias and residual
// may be null. n and k are multiples of 16.
struct E4m3Product {
  std::int64_t m = 0, n = 0, k = 0;
  const void *x = nullptr, *w = nullptr;
  const float *x_scales = nullptr, *w_scales = nullptr;
  const void *bias = nullptr, *residual = nullptr;
  void* y = nullptr;
};

// One way to run it: a tile and the order of tiles.
struct E4m3Kernel {
  const char* tile;  // "128x160x128"
  int swizzle;       // neighbours that share an operand's tile
  bool along_n;
  // False where this kernel cannot run this product; `workspace` is device memory.
  bool (*run)(const E4m3Product& product, int swizzle, bool along_n, void* workspace,
              std::size_t workspace_bytes, cudaStream_t stream);

  std::string name() const;
};

// All that this build has for this device: none without CUTLASS or on another architecture.
std::vector<E4m3Kernel> e4m3_kernels(int device, bool residual);

}  // namespace sameseed::cuda
