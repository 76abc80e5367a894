// Elementwise kernels over whole pictures or rows, see kernels.h.
#include <algorithm>

#include "pipeline/cuda/vector.cuh"

namespace sameseed::cuda {
namespace {

template <typename T>
__global__ void gelu_gate_rows(const T* x, T* y, std::int64_t rows, std::int64_t inner) {
  const std::int64_t vectors = inner / kVector, count = rows * vectors;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  // From the end: the product before left its last rows in the cache.
  for (std::int64_t i =
           count - 1 - (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x);
       i >= 0; i -= step) {
    const std::int64_t row = i / vectors, at = i % vectors * kVector;
    float values[kVector], gates[kVector];
    load_last(x + row * 2 * inner + at, values);
    load_last(x + row * 2 * inner + inner + at, gates);
#pragma unroll
    for (int k = 0; k < kVector; ++k)
      values[k] *= 0.5f * gates[k] * (1.0f + erff(gates[k] * 0.70710678118654752f));
    store(values, y + row * inner + at);
  }
}

template <typename T>
__global__ void add_bias_rows(T* x, const T* bias, const T* residual, std::int64_t rows,
                              std::int64_t channels) {
  const std::int64_t vectors = channels / kVector, count = rows * vectors;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i =
           count - 1 - (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x);
       i >= 0; i -= step) {
    float values[kVector], add[kVector];
    load(x + i * kVector, values);
    load(bias + i % vectors * kVector, add);
#pragma unroll
    for (int k = 0; k < kVector; ++k) values[k] += add[k];
    if (residual) {
      load(residual + i * kVector, add);
#pragma unroll
      for (int k = 0; k < kVector; ++k) values[k] += add[k];
    }
    store(values, x + i * kVector);
  }
}

template <typename T>
__global__ void upsample_pixels(const T* x, T* y, UpsampleShape s, float down, float right) {
  const std::int64_t vectors = s.channels / kVector,
                     count = s.n * s.to_height * s.to_width * vectors;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += step) {
    const std::int64_t vector = i % vectors, pixel = i / vectors, column = pixel % s.to_width,
                       line = pixel / s.to_width, row = line % s.to_height, n = line / s.to_height;
    const std::int64_t from_row =
                           min(static_cast<std::int64_t>(floorf(static_cast<float>(row) * down)),
                               s.height - 1),
                       from_column = min(
                           static_cast<std::int64_t>(floorf(static_cast<float>(column) * right)),
                           s.width - 1);
    const Vector<T>* const from = reinterpret_cast<const Vector<T>*>(x);
    reinterpret_cast<Vector<T>*>(y)[i] =
        from[((n * s.height + from_row) * s.width + from_column) * vectors + vector];
  }
}

constexpr int kThreads = 256;

unsigned blocks_for(std::int64_t vectors) {
  return static_cast<unsigned>(
      std::clamp<std::int64_t>((vectors + kThreads - 1) / kThreads, 1, 1 << 16));
}
}  // namespace

void gelu_gate(const void* x, void* y, std::int64_t rows, std::int64_t inner, Half type,
               cudaStream_t stream) {
  with_type(type, [&](auto one) {
    using T = decltype(one);
    gelu_gate_rows<T><<<blocks_for(rows * inner / kVector), kThreads, 0, stream>>>(
        static_cast<const T*>(x), static_cast<T*>(y), rows, inner);
  });
}

void add_bias(void* x, const void* bias, const void* residual, std::int64_t rows,
              std::int64_t channels, Half type, cudaStream_t stream) {
  with_type(type, [&](auto one) {
    using T = decltype(one);
    add_bias_rows<T><<<blocks_for(rows * channels / kVector), kThreads, 0, stream>>>(
        static_cast<T*>(x), static_cast<const T*>(bias), static_cast<const T*>(residual), rows,
        channels);
  });
}

void upsample_nearest(const void* x, void* y, const UpsampleShape& s, Half type,
                      cudaStream_t stream) {
  const std::int64_t vectors = s.n * s.to_height * s.to_width * s.channels / kVector;
  with_type(type, [&](auto one) {
    using T = decltype(one);
    upsample_pixels<T><<<blocks_for(vectors), kThreads, 0, stream>>>(
        static_cast<const T*>(x), static_cast<T*>(y), s,
        static_cast<float>(s.height) / static_cast<float>(s.to_height),
        static_cast<float>(s.width) / static_cast<float>(s.to_width));
  });
}

}  // namespace sameseed::cuda
