// GELU's erf, for kernels that wait for arithmetic and not for memory.
#pragma once

namespace sameseed::cuda {

// erf(x) within 2e-6, where fp16 is within 2.4e-4 at 1: 1 - 1/p(|x|)^16 (Abramowitz and Stegun,
// 7.1.28). Takes half the instructions of erff().
__device__ inline float short_erf(float x) {
  const float a = fabsf(x);
  float p = fmaf(a, 0.0000430638f, 0.0002765672f);
  p = fmaf(a, p, 0.0001520143f);
  p = fmaf(a, p, 0.0092705272f);
  p = fmaf(a, p, 0.0422820123f);
  p = fmaf(a, p, 0.0705230784f);
  p = fmaf(a, p, 1.0f);
  p *= p;
  p *= p;
  p *= p;
  p *= p;
  return copysignf(1.0f - __fdividef(1.0f, p), x);
}

// GEGLU's: the value times gelu_erf of the gate.
__device__ inline float gated(float value, float gate) {
  return value * 0.5f * gate * (1.0f + short_erf(gate * 0.70710678118654752f));
}

}  // namespace sameseed::cuda
