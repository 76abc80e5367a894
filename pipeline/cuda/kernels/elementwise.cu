// Elementwise kernels over whole pictures or rows, see kernels.h.
#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "pipeline/cuda/kernels/vector.cuh"

namespace sameseed::cuda {
namespace {

// Indices count vectors in 32 bits, which reach tensors of 64 GB: a division of 64 bits takes as
// long as all else that happens to a vector.
__device__ std::uint32_t first_index() { return blockIdx.x * blockDim.x + threadIdx.x; }

// A block a row. From the end: the product before left its last rows in the cache.
template <typename T>
__global__ void gelu_gate_rows(const T* __restrict__ x, T* __restrict__ y, std::uint32_t vectors) {
  wait_for_kernel_before();
  let_kernel_behind_start();
  const std::int64_t row = gridDim.x - 1 - blockIdx.x, inner = vectors * kVector;
  const T *const values_of = x + row * 2 * inner, *const gates_of = values_of + inner;
#pragma unroll 2
  for (std::uint32_t i = threadIdx.x; i < vectors; i += blockDim.x) {
    float values[kVector], gates[kVector];
    load_last(values_of + i * kVector, values);
    load_last(gates_of + i * kVector, gates);
#pragma unroll
    for (int k = 0; k < kVector; ++k) values[k] = gated(values[k], gates[k]);
    store(values, y + row * inner + i * kVector);
  }
}

template <typename T>
__global__ void gelu_gate_pair_rows(const T* __restrict__ x, T* __restrict__ y,
                                    std::uint32_t vectors) {
  wait_for_kernel_before();
  let_kernel_behind_start();
  const std::int64_t row = gridDim.x - 1 - blockIdx.x, inner = vectors * kVector;
  for (std::uint32_t i = threadIdx.x; i < vectors; i += blockDim.x) {
    float first[kVector], second[kVector], result[kVector];
    load_last(x + (row * inner + i * kVector) * 2, first);
    load_last(x + (row * inner + i * kVector) * 2 + kVector, second);
#pragma unroll
    for (int k = 0; k < kVector / 2; ++k) {
      result[k] = gated(first[2 * k], first[2 * k + 1]);
      result[kVector / 2 + k] = gated(second[2 * k], second[2 * k + 1]);
    }
    store(result, y + row * inner + i * kVector);
  }
}

template <typename T>
__global__ void add_bias_rows(T* x, const T* bias, const T* residual, std::uint32_t count,
                              std::uint32_t vectors) {
  wait_for_kernel_before();
  let_kernel_behind_start();
  const std::uint32_t behind = first_index();
  if (behind >= count) return;
  const std::uint32_t i = count - 1 - behind;
  float values[kVector], add[kVector] = {}, more[kVector] = {};
  load(x + std::int64_t{i} * kVector, values);
  if (bias) load(bias + i % vectors * kVector, add);
  if (residual) load(residual + std::int64_t{i} * kVector, more);
#pragma unroll
  for (int k = 0; k < kVector; ++k) values[k] += add[k];
#pragma unroll
  for (int k = 0; k < kVector; ++k) values[k] += more[k];
  store(values, x + std::int64_t{i} * kVector);
}

template <typename T>
__global__ void upsample_pixels(const T* x, T* y, UpsampleShape s, std::uint32_t count, float down,
                                float right) {
  wait_for_kernel_before();
  let_kernel_behind_start();
  const std::uint32_t i = first_index();
  if (i >= count) return;
  const auto vectors = static_cast<std::uint32_t>(s.channels / kVector),
             to_width = static_cast<std::uint32_t>(s.to_width),
             to_height = static_cast<std::uint32_t>(s.to_height);
  const std::uint32_t vector = i % vectors, pixel = i / vectors, column = pixel % to_width,
                      line = pixel / to_width, row = line % to_height, n = line / to_height;
  const std::int64_t from_row =
                         min(static_cast<std::int64_t>(floorf(static_cast<float>(row) * down)),
                             s.height - 1),
                     from_column =
                         min(static_cast<std::int64_t>(floorf(static_cast<float>(column) * right)),
                             s.width - 1);
  const Vector<T>* const from = reinterpret_cast<const Vector<T>*>(x);
  reinterpret_cast<Vector<T>*>(y)[i] =
      from[((n * s.height + from_row) * s.width + from_column) * vectors + vector];
}

constexpr int kThreads = 256;

// One thread a vector.
unsigned blocks_for(std::uint32_t vectors) { return (vectors + kThreads - 1) / kThreads; }

// Vectors of this many values; throws std::runtime_error where 32 bits do not count them.
std::uint32_t vectors_of(std::int64_t values) {
  const std::int64_t vectors = values / kVector;
  if (vectors >= std::int64_t{1} << 32) throw std::runtime_error("a tensor of more than 64 GB");
  return static_cast<std::uint32_t>(vectors);
}
}  // namespace

namespace {

// Two vectors a thread, whole warps.
unsigned gate_threads(std::uint32_t vectors) {
  return std::clamp((vectors / 2 + 31) / 32 * 32, 32u, 512u);
}

}  // namespace

void gelu_gate(const void* x, void* y, std::int64_t rows, std::int64_t inner, Half type,
               cudaStream_t stream) {
  const std::uint32_t vectors = vectors_of(inner);
  with_type(type, [&](auto one) {
    using T = decltype(one);
    launch_dependent(gelu_gate_rows<T>, static_cast<unsigned>(rows), gate_threads(vectors), 0,
                     stream, static_cast<const T*>(x), static_cast<T*>(y), vectors);
  });
}

void gelu_gate_pairs(const void* x, void* y, std::int64_t rows, std::int64_t inner, Half type,
                     cudaStream_t stream) {
  const std::uint32_t vectors = vectors_of(inner);
  with_type(type, [&](auto one) {
    using T = decltype(one);
    launch_dependent(gelu_gate_pair_rows<T>, static_cast<unsigned>(rows), gate_threads(vectors), 0,
                     stream, static_cast<const T*>(x), static_cast<T*>(y), vectors);
  });
}

void add_bias(void* x, const void* bias, const void* residual, std::int64_t rows,
              std::int64_t channels, Half type, cudaStream_t stream) {
  const std::uint32_t count = vectors_of(rows * channels);
  with_type(type, [&](auto one) {
    using T = decltype(one);
    launch_dependent(add_bias_rows<T>, blocks_for(count), kThreads, 0, stream, static_cast<T*>(x),
                     static_cast<const T*>(bias), static_cast<const T*>(residual), count,
                     vectors_of(channels));
  });
}

void upsample_nearest(const void* x, void* y, const UpsampleShape& s, Half type,
                      cudaStream_t stream) {
  const std::uint32_t count = vectors_of(s.n * s.to_height * s.to_width * s.channels);
  with_type(type, [&](auto one) {
    using T = decltype(one);
    launch_dependent(upsample_pixels<T>, blocks_for(count), kThreads, 0, stream,
                     static_cast<const T*>(x), static_cast<T*>(y), s, count,
                     static_cast<float>(s.height) / static_cast<float>(s.to_height),
                     static_cast<float>(s.width) / static_cast<float>(s.to_width));
  });
}

}  // namespace sameseed::cuda
