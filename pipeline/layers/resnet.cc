#include "pipeline/layers/resnet.h"

#include <ATen/ATen.h>

#include <utility>

namespace sameseed {

ResnetBlock::ResnetBlock(Backend& make, const Weights& at, const ResnetConfig& c)
    : first_channel_(c.first_channel),
      in_(c.in),
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
  if (!time_emb_proj_) return {};
  const Tensor projected = time_emb_proj_->forward(at::silu(temb)), left_out = conv1_->left_out();
  return left_out.defined() ? projected + left_out : projected;
}

Tensor ResnetBlock::own_projection(const Tensor& all) const {
  return all.slice(1, first_channel_, first_channel_ + channels_);
}

Tensor ResnetBlock::forward(const Tensor& x, const Tensor& projection) const {
  return forward_alike(x, x, projection);
}

Tensor ResnetBlock::forward_alike(const Tensor& alike, const Tensor& x,
                                  const Tensor& projection) const {
  Tensor convolved = conv1_->forward_unbiased(norm1_->forward(alike, Activation::kSilu));
  return behind(std::move(convolved), projection, conv_shortcut_ ? conv_shortcut_->forward(x) : x);
}

Tensor ResnetBlock::forward_joined(const Tensor& first, const Tensor& second,
                                   const Tensor& projection) const {
  const Tensor normed = norm1_->forward_joined(first, second, Activation::kSilu);
  const Tensor shortcut =
      normed.defined() && conv_shortcut_ ? conv_shortcut_->forward_joined(first, second) : Tensor();
  if (!shortcut.defined()) return forward(at::cat({first, second}, 1), projection);
  return behind(conv1_->forward_unbiased(normed), projection, shortcut);
}

// What follows the first convolution. A picture of the VAE takes half a gigabyte: none is held
// longer than it is needed.
Tensor ResnetBlock::behind(Tensor convolved, const Tensor& projection,
                           const Tensor& shortcut) const {
  Tensor shift = projection;
  if (const Tensor left_out = conv1_->left_out(); !shift.defined() && left_out.defined())
    shift = left_out.unsqueeze(0);
  const Tensor normed = norm2_->forward(convolved, Activation::kSilu, shift);
  convolved.reset();
  return conv2_->forward(normed, shortcut);
}

std::unique_ptr<SplitResnet> SplitResnet::make(const ResnetBlock& block, std::int64_t first) {
  const std::int64_t in = block.in();
  if (!block.conv_shortcut_) return nullptr;
  std::unique_ptr<SplitResnet> split(new SplitResnet(block));
  split->norm_first_ = block.norm1_->part(0, first);
  split->norm_second_ = block.norm1_->part(first, in - first);
  split->conv_first_ = block.conv1_->part(0, first, /*biased=*/false);
  split->conv_second_ =
      block.conv1_->part(first, in - first, /*biased=*/!block.conv1_->left_out().defined());
  split->shortcut_first_ = block.conv_shortcut_->part(0, first, /*biased=*/false);
  split->shortcut_second_ = block.conv_shortcut_->part(first, in - first, /*biased=*/true);
  const bool whole = split->norm_first_ && split->norm_second_ && split->conv_first_ &&
                     split->conv_second_ && split->shortcut_first_ && split->shortcut_second_;
  return whole ? std::move(split) : nullptr;
}

SplitResnet::Kept SplitResnet::keep(const Tensor& first) const {
  return {conv_first_->forward(norm_first_->forward(first, Activation::kSilu)),
          shortcut_first_->forward(first)};
}

Tensor SplitResnet::forward(const Kept& kept, const Tensor& second,
                            const Tensor& projection) const {
  Tensor convolved =
      conv_second_->forward(norm_second_->forward(second, Activation::kSilu), kept.convolved);
  return block_.behind(std::move(convolved), projection,
                       shortcut_second_->forward(second, kept.shortcut));
}

Upsampler::Upsampler(Backend& make, const Weights& at, std::int64_t channels)
    : backend_(make), conv_(make.conv2d(at / "conv", {.in = channels, .out = channels})) {}

Tensor Upsampler::forward(const Tensor& x, std::int64_t height, std::int64_t width) const {
  return conv_->forward(backend_.upsample_nearest(x, height, width));
}

}  // namespace sameseed
