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

// What a layer hands on quantised, a scale a row: codes (at::kFloat8_e4m3fn) of the activation's
// shape, whose storage holds the scales behind them.
Tensor room_for_codes(at::IntArrayRef shape, at::Device device);
Fp8Tensor parts_of(const Tensor& with_scales);

// Whether rows of so many columns can be multiplied in FP8.
bool takes_codes(std::int64_t columns);

// Of x fp16, or what room_for_codes() made as it is. Columns are a multiple of 16; throws
// Unsupported otherwise.
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

// With row scales its output is quantised, as the linear layer behind it wants it.
struct CudaFp8Geglu final : Geglu {
  LayerContext context;
  Fp8Weight by;
  Tensor forward(const Tensor& x) const override;
};

// A norm whose output is quantised with row scales.
struct CudaFp8LayerNorm final : LayerNorm {
  LayerContext context;
  Tensor weight, bias;  // fp16 [channels]
  double eps = 1e-5;
  Tensor forward(const Tensor& x) const override { return run(x, {}).normed; }
  Summed forward_sum(const Tensor& x, const Tensor& residual) const override {
    return run(x, residual.contiguous());
  }

 private:
  Summed run(const Tensor& x, const Tensor& residual) const;
};

// Throws Unsupported where the GPU has no tensor cores for E4M3, or its library no such product.
Fp8ProbeErrors fp8_probe_errors(const CudaArithmetic& arithmetic, DeviceContext& device);

}  // namespace sameseed::cuda
