// Attention over an image's pixels and the text (diffusers' Transformer2DModel and
// BasicTransformerBlock).
#pragma once

#include <memory>
#include <vector>

#include "pipeline/backend.h"

namespace sameseed {

// Query from `x`, keys and values from `context`; a projection behind it.
class AttentionLayer {
 public:
  AttentionLayer(Backend& make, const Weights& at, std::int64_t channels,
                 std::int64_t context_channels, std::int64_t heads, bool qkv_bias = false);
  // x [n, tokens, channels], context [n, keys, context_channels] -> [n, tokens, channels]
  Tensor forward(const Tensor& x, const Tensor& context) const;

 private:
  Backend& backend_;
  std::int64_t heads_;
  std::unique_ptr<Linear> to_q_, to_k_, to_v_, to_out_;
};

// Self-attention, cross-attention and a gated feed-forward, each behind a layer norm and added to
// its input.
class TransformerBlock {
 public:
  TransformerBlock(Backend& make, const Weights& at, std::int64_t channels,
                   std::int64_t context_channels, std::int64_t heads);
  Tensor forward(const Tensor& x, const Tensor& context) const;

 private:
  std::unique_ptr<LayerNorm> norm1_, norm2_, norm3_;
  AttentionLayer attn1_, attn2_;
  std::unique_ptr<Geglu> geglu_;
  std::unique_ptr<Linear> ff_out_;
};

struct TransformerConfig {
  std::int64_t channels = 640, context_channels = 2048, heads = 10, layers = 2, groups = 32;
  bool linear_projection = true;  // proj_in and proj_out: linear layers, or 1x1 convolutions
};

class Transformer {
 public:
  Transformer(Backend& make, const Weights& at, const TransformerConfig& config);
  // x [n, channels, h, w], context [n, keys, context_channels] -> [n, channels, h, w]
  Tensor forward(const Tensor& x, const Tensor& context) const;

 private:
  std::unique_ptr<GroupNorm> norm_;
  std::unique_ptr<Linear> linear_in_, linear_out_;
  std::unique_ptr<Conv2d> conv_in_, conv_out_;
  std::vector<std::unique_ptr<TransformerBlock>> blocks_;
};

}  // namespace sameseed
