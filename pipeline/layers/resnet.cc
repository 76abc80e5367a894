#include "pipeline/layers/resnet.h"

#include <ATen/ATen.h>

namespace sameseed {

ResnetBlock::ResnetBlock(Backend& make, const Weights& at, const ResnetConfig& c)
    : first_channel_(c.first_channel),
      channels_(c.out),
      norm1_(make.group_norm(at / "norm1", c.in, c.groups, c.eps)),
      conv1_(make.conv2d(at / "conv1", {.in = c.in, .out = c.out})),
      time_emb_proj_(c.temb ? make.linear(at / "time_emb_proj", c.temb, c.out) : nullptr),
      norm2_(make.group_norm(at / "norm2", c.out, c.groups, c.eps)),
      conv2_(make.conv2d(at / "conv2", {.in = c.out, .out = c.out})),
      conv_shortcut_(c.in == c.out
                         ? nullptr
                         : make.conv2d(at / "conv_shortcut",
                                       {.in = c.in, .out = c.out, .kernel = 1, .padding = 0})) {}

Tensor ResnetBlock::time_projection(const Tensor& temb) const {
  return time_emb_proj_ ? time_emb_proj_->forward(at::silu(temb)) : Tensor();
}

Tensor ResnetBlock::own_projection(const Tensor& all) const {
  return all.slice(1, first_channel_, first_channel_ + channels_);
}

Tensor ResnetBlock::forward(const Tensor& x, const Tensor& projection) const {
  const auto [hidden, bias] = conv1_->forward_unbiased(norm1_->forward(x, Activation::kSilu));
  Tensor shift = projection;
  if (bias.defined()) shift = shift.defined() ? shift + bias : bias.unsqueeze(0);
  return conv2_->forward(norm2_->forward(hidden, Activation::kSilu, shift),
                         conv_shortcut_ ? conv_shortcut_->forward(x) : x);
}

Upsampler::Upsampler(Backend& make, const Weights& at, std::int64_t channels)
    : backend_(make), conv_(make.conv2d(at / "conv", {.in = channels, .out = channels})) {}

Tensor Upsampler::forward(const Tensor& x, std::int64_t height, std::int64_t width) const {
  return conv_->forward(backend_.upsample_nearest(x, height, width));
}

}  // namespace sameseed
