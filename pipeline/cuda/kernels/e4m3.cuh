// E4M3 codes as every kernel writes them, with the bits of pipeline/cpu/fp8_product.h.
#pragma once

#include <cuda_fp8.h>

#include "pipeline/cuda/kernels/vector.cuh"

namespace sameseed::cuda {

// Divisions and products are rounded as the CPU's, whatever the compiler's options say.
__device__ inline float scale_of(float largest) {
  return largest > 0 ? __fdiv_rn(largest, 448.0f) : 1.0f;
}

__device__ inline float largest_of(const float (&values)[kVector], float largest) {
#pragma unroll
  for (int k = 0; k < kVector; ++k) largest = fmaxf(largest, fabsf(values[k]));
  return largest;
}

__device__ inline float largest_of_warp(float value) {
#pragma unroll
  for (int other = 16; other > 0; other /= 2)
    value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, other));
  return value;
}

// `by`: the reciprocal of the scale.
__device__ inline void store_e4m3(const float (&values)[kVector], float by,
                                  __nv_fp8_storage_t* to) {
  uint2 packed;
  auto* const pairs = reinterpret_cast<__nv_fp8x2_storage_t*>(&packed);
#pragma unroll
  for (int k = 0; k < kVector; k += 2)
    pairs[k / 2] = __nv_cvt_float2_to_fp8x2(
        make_float2(__fmul_rn(values[k], by), __fmul_rn(values[k + 1], by)), __NV_SATFINITE,
        __NV_E4M3);
  *reinterpret_cast<uint2*>(to) = packed;
}

// What storing in fp16 leaves of the values.
__device__ inline void round_to_fp16(float (&values)[kVector]) {
#pragma unroll
  for (int k = 0; k < kVector; ++k) values[k] = __half2float(__float2half_rn(values[k]));
}

}  // namespace sameseed::cuda
