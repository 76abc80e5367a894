#include "pipeline/vae/vae.h"

#include <ATen/ATen.h>

namespace sameseed {
namespace {

constexpr double kEps = 1e-6;  // everywhere in the VAE

Tensor per_channel(const std::vector<double>& values, const Tensor& like) {
  return at::tensor(values, at::TensorOptions().dtype(at::kFloat))
      .view({1, static_cast<std::int64_t>(values.size()), 1, 1})
      .to(like.options());
}

}  // namespace

VaeAttention::VaeAttention(Backend& make, const Weights& at, std::int64_t channels,
                           std::int64_t groups)
    : group_norm_(make.group_norm(at / "group_norm", channels, groups, kEps)),
      attention_(make, at, channels, /*heads=*/1, /*qkv_bias=*/true) {}

Tensor VaeAttention::forward(const Tensor& x) const {
  const Tensor tokens = group_norm_->forward(x).flatten(2).transpose(1, 2);
  const Tensor attended = attention_.forward(tokens);
  return attended.transpose(-1, -2).reshape(x.sizes()) + x;
}

VaeDecoder::VaeDecoder(Backend& make, const Weights& at, const VaeConfig& c)
    : config_(c), type_(make.activation_type()), memory_format_(make.memory_format()) {
  const Weights decoder = at / "decoder";
  const std::int64_t deepest = c.block_out_channels.back();
  const auto resnet = [&](const Weights& place, std::int64_t in, std::int64_t out) {
    return ResnetBlock(make, place,
                       {.in = in, .out = out, .temb = 0, .groups = c.norm_num_groups, .eps = kEps});
  };
  if (c.use_post_quant_conv)
    post_quant_conv_ =
        make.conv2d(at / "post_quant_conv",
                    {.in = c.latent_channels, .out = c.latent_channels, .kernel = 1, .padding = 0});
  conv_in_ = make.conv2d(decoder / "conv_in", {.in = c.latent_channels, .out = deepest});
  for (std::int64_t i = 0; i < 2; ++i)
    mid_resnets_.push_back(resnet(decoder / "mid_block.resnets" / i, deepest, deepest));
  if (c.mid_block_add_attention)
    mid_attention_ = std::make_unique<VaeAttention>(make, decoder / "mid_block.attentions.0",
                                                    deepest, c.norm_num_groups);
  const std::size_t blocks = c.block_out_channels.size();
  for (std::size_t up = 0; up < blocks; ++up) {
    const Weights place = decoder / "up_blocks" / static_cast<std::int64_t>(up);
    const std::int64_t out = c.block_out_channels[blocks - 1 - up];
    const std::int64_t in = up == 0 ? out : c.block_out_channels[blocks - up];
    UpBlock block;
    for (std::int64_t i = 0; i <= c.layers_per_block; ++i)
      block.resnets.push_back(resnet(place / "resnets" / i, i == 0 ? in : out, out));
    if (up + 1 < blocks)
      block.upsampler = std::make_unique<Upsampler>(make, place / "upsamplers.0", out);
    up_blocks_.push_back(std::move(block));
  }
  conv_norm_out_ = make.group_norm(decoder / "conv_norm_out", c.block_out_channels.front(),
                                   c.norm_num_groups, kEps);
  conv_out_ = make.conv2d(decoder / "conv_out",
                          {.in = c.block_out_channels.front(), .out = c.out_channels});
}

Tensor VaeDecoder::decode(const Tensor& latents) const {
  Tensor hidden = latents.to(type_).contiguous(memory_format_);
  if (config_.latents_mean && config_.latents_std)
    hidden = hidden * per_channel(*config_.latents_std, hidden) / config_.scaling_factor +
             per_channel(*config_.latents_mean, hidden);
  else
    hidden = hidden / config_.scaling_factor;
  if (post_quant_conv_) hidden = post_quant_conv_->forward(hidden);
  hidden = mid_resnets_[0].forward(conv_in_->forward(hidden), {});
  if (mid_attention_) hidden = mid_attention_->forward(hidden);
  hidden = mid_resnets_[1].forward(hidden, {});
  for (const UpBlock& block : up_blocks_) {
    for (const ResnetBlock& resnet : block.resnets) hidden = resnet.forward(hidden, {});
    if (block.upsampler)
      hidden = block.upsampler->forward(hidden, 2 * hidden.size(2), 2 * hidden.size(3));
  }
  return conv_out_->forward(conv_norm_out_->forward(hidden, Activation::kSilu));
}

bool belongs_to_vae_encoder(const std::string& name) {
  return name.starts_with("encoder.") || name.starts_with("quant_conv.");
}

}  // namespace sameseed
