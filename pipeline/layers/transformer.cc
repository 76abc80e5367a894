#include "pipeline/layers/transformer.h"

#include <ATen/ATen.h>

namespace sameseed {

SelfAttention::SelfAttention(Backend& make, const Weights& at, std::int64_t channels,
                             std::int64_t heads, bool qkv_bias)
    : backend_(make),
      heads_(heads),
      to_qkv_(
          make.linear_group({at / "to_q", at / "to_k", at / "to_v"}, channels, channels, qkv_bias)),
      to_out_(make.linear(at / "to_out.0", channels, channels)) {}

Tensor SelfAttention::forward(const Tensor& x) const {
  const std::vector<Tensor> qkv = to_qkv_->forward(x);
  return to_out_->forward(backend_.attention(qkv[0], qkv[1], qkv[2], {.heads = heads_}));
}

CrossAttention::CrossAttention(Backend& make, const Weights& at, std::int64_t channels,
                               std::int64_t text_channels, std::int64_t heads)
    : backend_(make),
      heads_(heads),
      to_q_(make.linear(at / "to_q", channels, channels, /*bias=*/false)),
      to_kv_(make.linear_group({at / "to_k", at / "to_v"}, text_channels, channels,
                               /*bias=*/false)),
      to_out_(make.linear(at / "to_out.0", channels, channels)) {}

KeysValues CrossAttention::keys_values(const Tensor& text) const {
  const std::vector<Tensor> kv = to_kv_->forward(text);
  return {kv[0], kv[1]};
}

Tensor CrossAttention::forward(const Tensor& x, const KeysValues& text) const {
  const Tensor q = to_q_->forward(x);
  return to_out_->forward(backend_.attention(q, text.k, text.v, {.heads = heads_}));
}

TransformerBlock::TransformerBlock(Backend& make, const Weights& at, std::int64_t channels,
                                   std::int64_t text_channels, std::int64_t heads,
                                   std::size_t number)
    : number_(number),
      norm1_(make.layer_norm(at / "norm1", channels, 1e-5)),
      norm2_(make.layer_norm(at / "norm2", channels, 1e-5)),
      norm3_(make.layer_norm(at / "norm3", channels, 1e-5)),
      attn1_(make, at / "attn1", channels, heads),
      attn2_(make, at / "attn2", channels, text_channels, heads),
      geglu_(make.geglu(at / "ff.net.0.proj", channels, 4 * channels)),
      ff_out_(make.linear(at / "ff.net.2", 4 * channels, channels)) {}

Tensor TransformerBlock::forward(const Tensor& x, const TextContext& context) const {
  const auto [attended, query] = norm2_->forward_sum(attn1_.forward(norm1_->forward(x)), x);
  const KeysValues text =
      context.made.empty() ? keys_values(context.text) : context.made.at(number_);
  const auto [hidden, normed] = norm3_->forward_sum(attn2_.forward(query, text), attended);
  return ff_out_->forward(geglu_->forward(normed), hidden);
}

Transformer::Transformer(Backend& make, const Weights& at, const TransformerConfig& c)
    // 1e-6 here, unlike the 1e-5 of the resnets.
    : memory_format_(make.memory_format()),
      norm_(make.group_norm(at / "norm", c.channels, c.groups, 1e-6)) {
  if (c.linear_projection) {
    linear_in_ = make.linear(at / "proj_in", c.channels, c.channels);
    linear_out_ = make.linear(at / "proj_out", c.channels, c.channels);
  } else {
    const Conv2dConfig pointwise{.in = c.channels, .out = c.channels, .kernel = 1, .padding = 0};
    conv_in_ = make.conv2d(at / "proj_in", pointwise);
    conv_out_ = make.conv2d(at / "proj_out", pointwise);
  }
  for (std::int64_t i = 0; i < c.layers; ++i)
    blocks_.push_back(std::make_unique<TransformerBlock>(
        make, at / "transformer_blocks" / i, c.channels, c.context_channels, c.heads,
        c.first_number + static_cast<std::size_t>(i)));
}

void Transformer::add_keys_values(const Tensor& text, std::vector<KeysValues>& made) const {
  for (const auto& block : blocks_) made.push_back(block->keys_values(text));
}

Tensor Transformer::forward(const Tensor& x, const TextContext& context) const {
  const std::int64_t n = x.size(0), channels = x.size(1), height = x.size(2), width = x.size(3);
  Tensor hidden = norm_->forward(x);
  if (conv_in_) hidden = conv_in_->forward(hidden);
  hidden = hidden.permute({0, 2, 3, 1}).reshape({n, height * width, channels});
  if (linear_in_) hidden = linear_in_->forward(hidden);
  for (const auto& block : blocks_) hidden = block->forward(hidden, context);
  // Where tokens lie as a picture's pixels do, the product behind them adds x as well.
  const bool adds = linear_out_ && memory_format_ == at::MemoryFormat::ChannelsLast;
  if (linear_out_)
    hidden = linear_out_->forward(
        hidden, adds ? x.permute({0, 2, 3, 1}).reshape({n, height * width, channels}) : Tensor());
  hidden =
      hidden.reshape({n, height, width, channels}).permute({0, 3, 1, 2}).contiguous(memory_format_);
  if (conv_out_) hidden = conv_out_->forward(hidden);
  return adds ? hidden : hidden + x;
}

}  // namespace sameseed
