#include "pipeline/transformer.h"

#include <ATen/ATen.h>

namespace sameseed {

AttentionLayer::AttentionLayer(Backend& make, const Weights& at, std::int64_t channels,
                               std::int64_t context_channels, std::int64_t heads, bool qkv_bias)
    : backend_(make),
      heads_(heads),
      to_q_(make.linear(at / "to_q", channels, channels, qkv_bias)),
      to_k_(make.linear(at / "to_k", context_channels, channels, qkv_bias)),
      to_v_(make.linear(at / "to_v", context_channels, channels, qkv_bias)),
      to_out_(make.linear(at / "to_out.0", channels, channels)) {}

Tensor AttentionLayer::forward(const Tensor& x, const Tensor& context) const {
  const Tensor q = to_q_->forward(x);
  const Tensor k = to_k_->forward(context);
  const Tensor v = to_v_->forward(context);
  return to_out_->forward(backend_.attention(q, k, v, {.heads = heads_}));
}

TransformerBlock::TransformerBlock(Backend& make, const Weights& at, std::int64_t channels,
                                   std::int64_t context_channels, std::int64_t heads)
    : norm1_(make.layer_norm(at / "norm1", channels, 1e-5)),
      norm2_(make.layer_norm(at / "norm2", channels, 1e-5)),
      norm3_(make.layer_norm(at / "norm3", channels, 1e-5)),
      attn1_(make, at / "attn1", channels, channels, heads),
      attn2_(make, at / "attn2", channels, context_channels, heads),
      geglu_(make.geglu(at / "ff.net.0.proj", channels, 4 * channels)),
      ff_out_(make.linear(at / "ff.net.2", 4 * channels, channels)) {}

Tensor TransformerBlock::forward(const Tensor& x, const Tensor& context) const {
  const Tensor self_input = norm1_->forward(x);
  Tensor hidden = attn1_.forward(self_input, self_input) + x;
  hidden = attn2_.forward(norm2_->forward(hidden), context) + hidden;
  return ff_out_->forward(geglu_->forward(norm3_->forward(hidden))) + hidden;
}

Transformer::Transformer(Backend& make, const Weights& at, const TransformerConfig& c)
    // 1e-6 here, unlike the 1e-5 of the resnets.
    : norm_(make.group_norm(at / "norm", c.channels, c.groups, 1e-6)) {
  if (c.linear_projection) {
    linear_in_ = make.linear(at / "proj_in", c.channels, c.channels);
    linear_out_ = make.linear(at / "proj_out", c.channels, c.channels);
  } else {
    const Conv2dConfig pointwise{.in = c.channels, .out = c.channels, .kernel = 1, .padding = 0};
    conv_in_ = make.conv2d(at / "proj_in", pointwise);
    conv_out_ = make.conv2d(at / "proj_out", pointwise);
  }
  for (std::int64_t i = 0; i < c.layers; ++i)
    blocks_.push_back(std::make_unique<TransformerBlock>(make, at / "transformer_blocks" / i,
                                                         c.channels, c.context_channels, c.heads));
}

Tensor Transformer::forward(const Tensor& x, const Tensor& context) const {
  const std::int64_t n = x.size(0), channels = x.size(1), height = x.size(2), width = x.size(3);
  Tensor hidden = norm_->forward(x);
  if (conv_in_) hidden = conv_in_->forward(hidden);
  hidden = hidden.permute({0, 2, 3, 1}).reshape({n, height * width, channels});
  if (linear_in_) hidden = linear_in_->forward(hidden);
  for (const auto& block : blocks_) hidden = block->forward(hidden, context);
  if (linear_out_) hidden = linear_out_->forward(hidden);
  hidden = hidden.reshape({n, height, width, channels}).permute({0, 3, 1, 2}).contiguous();
  if (conv_out_) hidden = conv_out_->forward(hidden);
  return hidden + x;
}

}  // namespace sameseed
