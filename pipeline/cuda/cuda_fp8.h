// Linear layers in FP8 on a GPU: activations are quantised before each product, weights once.
#pragma once

#include "pipeline/cuda/cuda_products.h"
#include "pipeline/layers/fp8_probe.h"

namespace sameseed::cuda {

// x fp16 [..., columns] in E4M3, and what to multiply it with: a scale a row, or one for all.
struct Fp8Tensor {
  Tensor codes;   // bytes, of x's shape
  Tensor scales;  // float32 [rows] or [1]
};

// Columns are a multiple of 16; throws Unsupported otherwise.
Fp8Tensor quantise(const LayerContext& context, const Tensor& x);

// What a layer multiplies with: weight fp16 [out, in], bias fp16 [out] or undefined.
struct Fp8Weight {
  Fp8Tensor weight;
  Tensor bias;
};
Fp8Weight fp8_weight(const LayerContext& context, const Tensor& weight, const Tensor& bias);

// y fp16 [..., n] = x [..., k] * weight [n, k]^T + bias + residual; counted.
Tensor fp8_linear_product(const LayerContext& context, const Tensor& x, const Fp8Weight& by,
                          const Tensor& residual = {});

struct CudaFp8Linear final : Linear {
  LayerContext context;
  Fp8Weight by;
  Tensor forward(const Tensor& x, const Tensor& residual) const override {
    return fp8_linear_product(context, x, by, residual);
  }
};

struct CudaFp8LinearGroup final : LinearGroup {
  LayerContext context;
  Fp8Weight by;  // of all layers, one below the other
  std::int64_t out = 0;
  std::vector<Tensor> forward(const Tensor& x) const override;
};

struct CudaFp8Geglu final : Geglu {
  LayerContext context;
  Fp8Weight by;
  Tensor forward(const Tensor& x) const override;
};

// Throws Unsupported where the GPU has no tensor cores for E4M3, or its library no such product.
Fp8ProbeErrors fp8_probe_errors(const CudaArithmetic& arithmetic, DeviceContext& device);

}  // namespace sameseed::cuda
