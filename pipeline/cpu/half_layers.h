// The layers of the half-accumulating arithmetic, as functions of tensors. Activations are fp16
// between layers; inside a layer everything but the product's accumulator is fp32, and the result
// is stored to fp16 once.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "pipeline/cpu/fp8_product.h"
#include "pipeline/cpu/half_product.h"
#include "pipeline/layers/layers.h"

namespace sameseed {

// How products are made in FP8.
struct Fp8Arithmetic {
  ScaleOf scale_of = ScaleOf::kRow;  // of the activations and of the weight
  bool fast = false;                 // sums keep 13 bits over all of their depth
};

// A weight that is multiplied in one of three ways: with an fp16 accumulator (`block` products
// between two roundings), in FP8, or with a float accumulator.
struct Multiplier {
  std::optional<int> block;          // none: float, or FP8
  std::optional<Fp8Arithmetic> fp8;  // of linear layers only
  Fp8Panels panels;                  // only with it
  Tensor weight;                     // fp32: [out, in] or [out, in, kernel, kernel]; only for float
  PackedMatrix packed;               // only with a block
  Tensor bias;                       // fp32 [out], or undefined
};

// weight [out, in] or [out, in, kernel, kernel] on the fp16 grid, of any floating type.
Multiplier make_multiplier(const Tensor& weight, const Tensor& bias, std::optional<int> block);

// weight [out, in] on the fp16 grid, which becomes E4M3.
Multiplier make_fp8_multiplier(const Tensor& weight, const Tensor& bias,
                               const Fp8Arithmetic& arithmetic);

// How many values are infinite or NaN.
std::int64_t non_finite(const Tensor& x);

// x [..., in] is quantised first where the multiplier is in FP8. What half_linear and half_conv2d
// store, still in fp32.
Tensor linear_sums(const Tensor& x, const Multiplier& by);
Tensor conv2d_sums(const Tensor& x, const Multiplier& by, std::int64_t kernel, std::int64_t stride,
                   std::int64_t padding);

// x fp16 [..., in] -> fp16 [..., out].
Tensor half_linear(const Tensor& x, const Multiplier& by);

// x fp16 [n, tokens, in] -> fp16 [n, tokens, out / 2]: the first half of a linear layer times
// gelu_erf of its second half, both still in fp32.
Tensor half_geglu(const Tensor& x, const Multiplier& by);

// x fp16 [n, in, h, w] -> fp16 [n, out, h', w'], channels last in memory. Products are added up in
// the order (kernel row, kernel column, channel), padding's zeros among them.
Tensor half_conv2d(const Tensor& x, const Multiplier& by, std::int64_t kernel, std::int64_t stride,
                   std::int64_t padding);

// Statistics, affine part and activation in fp32; weight and bias fp32.
Tensor half_group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight,
                       const Tensor& bias, double eps, Activation then);
Tensor half_layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps);

// As Backend::attention. Both products add up in float, or with a block as half_sum_attention has
// it. attention_sums is what half_attention stores, still in fp32.
Tensor attention_sums(const Tensor& q, const Tensor& k, const Tensor& v,
                      const AttentionShape& shape, std::optional<int> block);
Tensor half_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                      const AttentionShape& shape, std::optional<int> block);

}  // namespace sameseed
