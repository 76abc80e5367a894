// The layers of the half-accumulating arithmetic, as functions of tensors. Activations are fp16
// between layers; inside a layer everything but the product's accumulator is fp32, and the result
// is stored to fp16 once.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "pipeline/cpu/half_product.h"
#include "pipeline/layers/layers.h"

namespace sameseed {

// A weight that is multiplied in one of two ways: with an fp16 accumulator (`block` products
// between two roundings), or with a float one.
struct Multiplier {
  std::optional<int> block;  // none: float
  Tensor weight;             // fp32: [out, in] or [out, in, kernel, kernel]; only for float
  PackedMatrix packed;       // only with a block
  Tensor bias;               // fp32 [out], or undefined
};

// weight [out, in] or [out, in, kernel, kernel] on the fp16 grid, of any floating type.
Multiplier make_multiplier(const Tensor& weight, const Tensor& bias, std::optional<int> block);

// How many values are infinite or NaN.
std::int64_t non_finite(const Tensor& x);

// What half_linear and half_conv2d store, still in fp32.
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
