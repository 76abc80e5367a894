// What the kernels share: vectors of 16 bytes, and the two types of 16 bits.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "pipeline/cuda/check.h"
#include "pipeline/cuda/kernels/gelu.cuh"
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

// Dependent launch (compute capability 9 and later): a kernel is started while the one before it
// ends, and waits here before it touches memory. Each kernel that launch_dependent() starts calls
// this first.
__device__ inline void wait_for_kernel_before() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// Lets the kernel behind this one be started, if it can wait as above.
__device__ inline void let_kernel_behind_start() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;");
#endif
}

inline bool has_dependent_launch() {
  int device = 0, major = 0;
  check(cudaGetDevice(&device), "the device");
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device),
        "the device's architecture");
  return major >= 9;
}

template <typename... Parameters, typename... Arguments>
void launch_dependent(void (*kernel)(Parameters...), dim3 blocks, dim3 threads, std::size_t shared,
                      cudaStream_t stream, Arguments... arguments) {
  cudaLaunchAttribute overlap{};
  overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  overlap.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = blocks;
  config.blockDim = threads;
  config.dynamicSmemBytes = shared;
  config.stream = stream;
  config.attrs = &overlap;
  config.numAttrs = has_dependent_launch() ? 1 : 0;
  check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...),
        "a kernel's launch");
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
