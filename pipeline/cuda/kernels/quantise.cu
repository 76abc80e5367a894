// Quantising kernels, see quantise.h. Tuned for rows of 640 to 5120 values.
#include <algorithm>
#include <stdexcept>

#include "pipeline/cuda/kernels/e4m3.cuh"
#include "pipeline/cuda/kernels/quantise.h"

namespace sameseed::cuda {
namespace {

constexpr int kHeld = 2;  // vectors that a thread keeps between looking for the largest and writing
constexpr int kMostThreads = 512;

// Of whole warps; every thread gets it.
__device__ float largest_of_block(float value) {
  __shared__ float of_warps[kMostThreads / 32];
  value = largest_of_warp(value);
  if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32] = value;
  __syncthreads();
  const unsigned warps = blockDim.x / 32, lane = threadIdx.x % 32;
  return largest_of_warp(lane < warps ? of_warps[lane] : 0.0f);
}

// A block a row.
__global__ void quantise_each_row(const __half* __restrict__ x, __nv_fp8_storage_t* __restrict__ y,
                                  float* __restrict__ scales, int vectors) {
  wait_for_kernel_before();
  let_kernel_behind_start();
  const std::int64_t begin = std::int64_t{blockIdx.x} * vectors * kVector;
  float held[kHeld][kVector], largest = 0;
#pragma unroll
  for (int j = 0; j < kHeld; ++j) {
    const int i = static_cast<int>(threadIdx.x + j * blockDim.x);
    if (i >= vectors) continue;
    load(x + begin + i * kVector, held[j]);
    largest = largest_of(held[j], largest);
  }
  const float scale = scale_of(largest_of_block(largest)), by = __fdiv_rn(1.0f, scale);
#pragma unroll
  for (int j = 0; j < kHeld; ++j) {
    const int i = static_cast<int>(threadIdx.x + j * blockDim.x);
    if (i < vectors) store_e4m3(held[j], by, y + begin + i * kVector);
  }
  if (threadIdx.x == 0) scales[blockIdx.x] = scale;
}

// The same of the first half of x's row times gelu_erf of its second half, rounded to fp16.
__global__ void quantise_each_gated_row(const __half* __restrict__ x,
                                        __nv_fp8_storage_t* __restrict__ y,
                                        float* __restrict__ scales, int vectors) {
  wait_for_kernel_before();
  let_kernel_behind_start();
  // From the end: the product before left its last rows in the cache.
  const std::int64_t row = gridDim.x - 1 - blockIdx.x, inner = std::int64_t{vectors} * kVector;
  const __half *const values_of = x + row * 2 * inner, *const gates_of = values_of + inner;
  float held[kHeld][kVector], largest = 0;
#pragma unroll
  for (int j = 0; j < kHeld; ++j) {
    const int i = static_cast<int>(threadIdx.x + j * blockDim.x);
    if (i >= vectors) continue;
    float gates[kVector];
    load_last(values_of + i * kVector, held[j]);
    load_last(gates_of + i * kVector, gates);
#pragma unroll
    for (int k = 0; k < kVector; ++k) held[j][k] = gated(held[j][k], gates[k]);
    round_to_fp16(held[j]);
    largest = largest_of(held[j], largest);
  }
  const float scale = scale_of(largest_of_block(largest)), by = __fdiv_rn(1.0f, scale);
#pragma unroll
  for (int j = 0; j < kHeld; ++j) {
    const int i = static_cast<int>(threadIdx.x + j * blockDim.x);
    if (i < vectors) store_e4m3(held[j], by, y + row * inner + i * kVector);
  }
  if (threadIdx.x == 0) scales[row] = scale;
}

// Floats that are not negative are in the order of their bits.
__global__ void find_largest(const __half* __restrict__ x, unsigned* largest_bits,
                             std::int64_t vectors) {
  float largest = 0;
  for (std::int64_t i = blockIdx.x * std::int64_t{blockDim.x} + threadIdx.x; i < vectors;
       i += std::int64_t{gridDim.x} * blockDim.x) {
    float values[kVector];
    load(x + i * kVector, values);
    largest = largest_of(values, largest);
  }
  largest = largest_of_block(largest);
  if (threadIdx.x == 0) atomicMax(largest_bits, __float_as_uint(largest));
}

__global__ void quantise_by_largest(const __half* __restrict__ x,
                                    __nv_fp8_storage_t* __restrict__ y,
                                    const float* __restrict__ largest, float* scale_to,
                                    std::int64_t vectors) {
  const float scale = scale_of(*largest), by = __fdiv_rn(1.0f, scale);
  if (blockIdx.x == 0 && threadIdx.x == 0) *scale_to = scale;
  for (std::int64_t i = blockIdx.x * std::int64_t{blockDim.x} + threadIdx.x; i < vectors;
       i += std::int64_t{gridDim.x} * blockDim.x) {
    float values[kVector];
    load(x + i * kVector, values);
    store_e4m3(values, by, y + i * kVector);
  }
}

template <typename Kernel>
void launch_rows(Kernel kernel, const void* x, void* y, float* scales, std::int64_t rows,
                 std::int64_t columns, cudaStream_t stream) {
  if (columns % kVector != 0 || columns > kMostQuantised || columns <= 0)
    throw std::runtime_error("rows to quantise hold a multiple of 8 values, 8192 at most");
  if (rows == 0) return;
  const int vectors = static_cast<int>(columns / kVector);
  const int threads = std::clamp((vectors + kHeld * 32 - 1) / (kHeld * 32) * 32, 32, kMostThreads);
  launch_dependent(kernel, static_cast<unsigned>(rows), static_cast<unsigned>(threads), 0, stream,
                   static_cast<const __half*>(x), static_cast<__nv_fp8_storage_t*>(y), scales,
                   vectors);
}

}  // namespace

void quantise_rows(const void* x, void* y, float* scales, std::int64_t rows, std::int64_t columns,
                   cudaStream_t stream) {
  launch_rows(quantise_each_row, x, y, scales, rows, columns, stream);
}

void quantise_gated_rows(const void* x, void* y, float* scales, std::int64_t rows,
                         std::int64_t inner, cudaStream_t stream) {
  launch_rows(quantise_each_gated_row, x, y, scales, rows, inner, stream);
}

void quantise_tensor(const void* x, void* y, float* scale, float* scratch, std::int64_t values,
                     cudaStream_t stream) {
  if (values % kVector != 0)
    throw std::runtime_error("a tensor to quantise holds a multiple of 8 values");
  constexpr int kThreads = 256;
  constexpr std::int64_t kMostBlocks = 1056;  // 8 for each SM of an H100
  const std::int64_t vectors = values / kVector;
  const auto blocks = static_cast<unsigned>(
      std::clamp((vectors + kThreads - 1) / kThreads, std::int64_t{1}, kMostBlocks));
  check(cudaMemsetAsync(scratch, 0, sizeof(float), stream), "clearing the largest value");
  find_largest<<<blocks, kThreads, 0, stream>>>(static_cast<const __half*>(x),
                                                reinterpret_cast<unsigned*>(scratch), vectors);
  check(cudaGetLastError(), "a quantising kernel's launch");
  quantise_by_largest<<<blocks, kThreads, 0, stream>>>(
      static_cast<const __half*>(x), static_cast<__nv_fp8_storage_t*>(y), scratch, scale, vectors);
  check(cudaGetLastError(), "a quantising kernel's launch");
}

}  // namespace sameseed::cuda
