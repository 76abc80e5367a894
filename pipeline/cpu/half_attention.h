// Attention whose two products add up in half precision, as fused attention kernels that keep fp16
// accumulators run it. Both products have the same accumulator, and the softmax between them is
// computed in float, from whose weights the second product gets fp16
// (NVIDIA/TensorRT-LLM:cpp/kernels/fmha_v2/src/fmha/softmax.h and traits.h). Weights are exp(score
// - largest score of the row); their sum is taken in float before they are rounded, and the row is
// divided by it at the end (Dao-AILab/flash-attention:csrc/flash_attn/src/softmax.h). Kernels that
// walk over the keys in tiles know the largest score only at the end and rescale what they have;
// that is not modelled: it is known from the start here, whatever the tile.
#pragma once

#include <ATen/core/Tensor.h>

#include "pipeline/layers/layers.h"

namespace sameseed {

// q fp16 [n, tokens, heads * d], k and v fp16 [n, keys, heads * d] -> fp32 [n, tokens, heads * d],
// as yet not stored to fp16. `block` products of either product stand between two roundings of its
// accumulator (half_product.h). Scores overflow before they are scaled by 1 / sqrt(d): an infinite
// one makes its row NaN.
Tensor half_sum_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                          const AttentionShape& shape, int block);

}  // namespace sameseed
