// Attention over an image's pixels and the text (diffusers' Transformer2DModel and
// BasicTransformerBlock).
#pragma once

#include <memory>
#include <vector>

#include "pipeline/layers/backend.h"

namespace sameseed {

// Queries, keys and values from one input; a projection behind it.
class SelfAttention {
 public:
  SelfAttention(Backend& make, const Weights& at, std::int64_t channels, std::int64_t heads,
                bool qkv_bias = false);
  // x [n, tokens, channels] -> the same shape
  Tensor forward(const Tensor& x) const;

 private:
  Backend& backend_;
  std::int64_t heads_;
  std::unique_ptr<LinearGroup> to_qkv_;
  std::unique_ptr<Linear> to_out_;
};

struct KeysValues {
  Tensor k, v;  // [n, keys, channels]
};

// Queries from the picture, keys and values from the text; a projection behind it.
class CrossAttention {
 public:
  CrossAttention(Backend& make, const Weights& at, std::int64_t channels,
                 std::int64_t text_channels, std::int64_t heads);
  // text [n, keys, text_channels]
  KeysValues keys_values(const Tensor& text) const;
  // x [n, tokens, channels] -> the same shape
  Tensor forward(const Tensor& x, const KeysValues& text) const;

 private:
  Backend& backend_;
  std::int64_t heads_;
  std::unique_ptr<Linear> to_q_;
  std::unique_ptr<LinearGroup> to_kv_;
  std::unique_ptr<Linear> to_out_;
};

// What cross-attentions look at: the text, and what they make of it where that was made before the
// loop over the steps.
struct TextContext {
  Tensor text;                   // [n, keys, text_channels]
  std::vector<KeysValues> made;  // one a transformer block, or none
};

// Self-attention, cross-attention and a gated feed-forward, each behind a layer norm and added to
// its input.
class TransformerBlock {
 public:
  // `number`: its place in TextContext::made.
  TransformerBlock(Backend& make, const Weights& at, std::int64_t channels,
                   std::int64_t text_channels, std::int64_t heads, std::size_t number);
  KeysValues keys_values(const Tensor& text) const { return attn2_.keys_values(text); }
  // x [n, tokens, channels] -> the same shape
  Tensor forward(const Tensor& x, const TextContext& context) const;

 private:
  std::size_t number_;
  std::unique_ptr<LayerNorm> norm1_, norm2_, norm3_;
  SelfAttention attn1_;
  CrossAttention attn2_;
  std::unique_ptr<Geglu> geglu_;
  std::unique_ptr<Linear> ff_out_;
};

struct TransformerConfig {
  std::int64_t channels = 640, context_channels = 2048, heads = 10, layers = 2, groups = 32;
  bool linear_projection = true;  // proj_in and proj_out: linear layers, or 1x1 convolutions
  std::size_t first_number = 0;   // of its blocks among all the network's
};

class Transformer {
 public:
  Transformer(Backend& make, const Weights& at, const TransformerConfig& config);
  // Adds what its blocks make of the text, in their order.
  void add_keys_values(const Tensor& text, std::vector<KeysValues>& made) const;
  // x [n, channels, h, w] -> the same shape
  Tensor forward(const Tensor& x, const TextContext& context) const;

 private:
  at::MemoryFormat memory_format_;
  std::unique_ptr<GroupNorm> norm_;
  std::unique_ptr<Linear> linear_in_, linear_out_;
  std::unique_ptr<Conv2d> conv_in_, conv_out_;
  std::vector<std::unique_ptr<TransformerBlock>> blocks_;
};

}  // namespace sameseed
