// What the kernels share: vectors of 16 bytes, and the two types of 16 bits.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "pipeline/cuda/check.h"
#include "pipeline/cuda/kernels/kernels.h"

namespace sameseed::cuda {

inline constexpr int kVector = 8;  // values a load: 16 bytes

template <typename T>
struct alignas(16) Vector {
  T values[kVector];
};

template <typename T>
__device__ void load(const T* from, float (&to)[kVector]) {
  const Vector<T> raw = *reinterpret_cast<const Vector<T>*>(from);
#pragma unroll
  for (int i = 0; i < kVector; ++i) to[i] = static_cast<float>(raw.values[i]);
}

// The same for what nobody reads again: it makes room in the cache for what will be.
template <typename T>
__device__ void load_last(const T* from, float (&to)[kVector]) {
  const float4 bits = __ldcs(reinterpret_cast<const float4*>(from));
  Vector<T> raw;
  *reinterpret_cast<float4*>(&raw) = bits;
#pragma unroll
  for (int i = 0; i < kVector; ++i) to[i] = static_cast<float>(raw.values[i]);
}

template <typename T>
__device__ void store(const float (&from)[kVector], T* to) {
  Vector<T> raw;
#pragma unroll
  for (int i = 0; i < kVector; ++i) raw.values[i] = static_cast<T>(from[i]);
  *reinterpret_cast<Vector<T>*>(to) = raw;
}

// Runs `run` with a value of the type, and looks whether its kernels were launched.
template <typename Run>
void with_type(Half type, Run run) {
  if (type == Half::kFp16)
    run(__half{});
  else
    run(__nv_bfloat16{});
  check(cudaGetLastError(), "a kernel's launch");
}

}  // namespace sameseed::cuda
