#include "pipeline/unet/unet.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "io/error.h"

namespace sameseed {

Unet::Unet(Backend& make, const Weights& at, const UnetConfig& c)
    : config_(c),
      type_(make.activation_type()),
      memory_format_(make.memory_format()),
      conv_in_(
          make.conv2d(at / "conv_in", {.in = c.in_channels, .out = c.block_out_channels.front()})),
      time_embedding_(make, at / "time_embedding", c.block_out_channels.front(),
                      4 * c.block_out_channels.front()),
      add_embedding_(make, at / "add_embedding", c.projection_class_embeddings_input_dim,
                     4 * c.block_out_channels.front()) {
  const std::size_t blocks = c.block_out_channels.size();
  const std::int64_t temb = 4 * c.block_out_channels.front();
  std::int64_t projected = 0;
  std::size_t attended = 0;
  const auto resnet = [&](const Weights& place, std::int64_t in, std::int64_t out) {
    projected += out;
    return ResnetBlock(make, place,
                       {.in = in,
                        .out = out,
                        .temb = temb,
                        .groups = c.norm_num_groups,
                        .eps = c.norm_eps,
                        .first_channel = projected - out});
  };
  const auto transformer = [&](const Weights& place, std::size_t level, std::int64_t layers) {
    attended += static_cast<std::size_t>(layers);
    return Transformer(make.of_transformers(), place,
                       {.channels = c.block_out_channels[level],
                        .context_channels = c.cross_attention_dim,
                        .heads = c.heads[level],
                        .layers = layers,
                        .groups = c.norm_num_groups,
                        .linear_projection = c.use_linear_projection,
                        .first_number = attended - static_cast<std::size_t>(layers)});
  };

  for (std::size_t level = 0; level < blocks; ++level) {
    const Weights place = at / "down_blocks" / static_cast<std::int64_t>(level);
    const std::int64_t in = c.block_out_channels[level == 0 ? 0 : level - 1],
                       out = c.block_out_channels[level];
    DownBlock block;
    for (std::int64_t i = 0; i < c.layers_per_block[level]; ++i) {
      block.resnets.push_back(resnet(place / "resnets" / i, i == 0 ? in : out, out));
      if (c.down_block_types[level] == "CrossAttnDownBlock2D")
        block.attentions.push_back(
            transformer(place / "attentions" / i, level,
                        c.down_transformers[level][static_cast<std::size_t>(i)]));
    }
    if (level + 1 < blocks)
      block.downsampler =
          make.conv2d(place / "downsamplers.0.conv", {.in = out, .out = out, .stride = 2});
    down_blocks_.push_back(std::move(block));
  }

  const std::int64_t deepest = c.block_out_channels.back();
  const std::int64_t mid_resnets = c.mid_block == UnetConfig::MidBlock::kAttention ? 2
                                   : c.mid_block == UnetConfig::MidBlock::kResnet  ? 1
                                                                                   : 0;
  for (std::int64_t i = 0; i < mid_resnets; ++i)
    mid_resnets_.push_back(resnet(at / "mid_block.resnets" / i, deepest, deepest));
  if (c.mid_block == UnetConfig::MidBlock::kAttention)
    mid_attentions_.push_back(
        transformer(at / "mid_block.attentions.0", blocks - 1, c.mid_transformers));

  for (std::size_t up = 0; up < blocks; ++up) {
    const std::size_t level = blocks - 1 - up;
    const Weights place = at / "up_blocks" / static_cast<std::int64_t>(up);
    const std::int64_t out = c.block_out_channels[level];
    const std::int64_t from_below = c.block_out_channels[std::min(level + 1, blocks - 1)];
    const std::int64_t from_above = c.block_out_channels[level == 0 ? 0 : level - 1];
    UpBlock block;
    for (std::int64_t i = 0; i <= c.layers_per_block[level]; ++i) {
      const std::int64_t skip = i == c.layers_per_block[level] ? from_above : out;
      block.resnets.push_back(
          resnet(place / "resnets" / i, (i == 0 ? from_below : out) + skip, out));
      if (c.up_block_types[up] == "CrossAttnUpBlock2D")
        block.attentions.push_back(transformer(place / "attentions" / i, level,
                                               c.up_transformers[up][static_cast<std::size_t>(i)]));
    }
    if (up + 1 < blocks)
      block.upsampler = std::make_unique<Upsampler>(make, place / "upsamplers.0", out);
    up_blocks_.push_back(std::move(block));
  }

  conv_norm_out_ = make.group_norm(at / "conv_norm_out", c.block_out_channels.front(),
                                   c.norm_num_groups, c.norm_eps);
  conv_out_ =
      make.conv2d(at / "conv_out", {.in = c.block_out_channels.front(), .out = c.out_channels});
}

std::vector<Tensor> UnetCache::tensors() const {
  return split ? std::vector<Tensor>{kept.convolved, kept.shortcut} : std::vector<Tensor>{hidden};
}

void UnetCache::set_tensors(const std::vector<Tensor>& tensors) {
  if (split)
    kept = {tensors.at(0), tensors.at(1)};
  else
    hidden = tensors.at(0);
}

// Channels of the skips-th skip connection, in the order of their making.
std::int64_t Unet::skip_channels(std::int64_t skips) const {
  std::int64_t made = 1;  // conv_in's
  for (std::size_t level = 0; level < config_.block_out_channels.size(); ++level) {
    const bool last = level + 1 == config_.block_out_channels.size();
    made += config_.layers_per_block[level] + (last ? 0 : 1);
    if (skips > 1 && skips <= made) return config_.block_out_channels[level];
  }
  return config_.block_out_channels.front();
}

// The up path's resnet whose skip connection is the skips-th, split at it; null where it cannot be.
const SplitResnet* Unet::split_at(std::int64_t skips) const {
  const auto [place, is_new] = splits_.try_emplace(skips);
  if (!is_new) return place->second.get();
  std::int64_t pending = 0;
  for (const UpBlock& block : up_blocks_)
    pending += static_cast<std::int64_t>(block.resnets.size());
  for (const UpBlock& block : up_blocks_)
    for (const ResnetBlock& resnet : block.resnets)
      if (pending-- == skips)
        place->second = SplitResnet::make(resnet, resnet.in() - skip_channels(skips));
  return place->second.get();
}

UnetCache Unet::make_cache(const DeepCache& setting, bool split) const {
  // A block puts out one skip a resnet and one behind its downsampler; conv_in's comes first.
  const std::vector<std::int64_t>& layers = config_.layers_per_block;
  const auto blocks = static_cast<std::int64_t>(layers.size());
  const bool is_layer = setting.layer >= 0 && setting.layer < blocks;
  std::int64_t skips = setting.block + 2;
  for (std::int64_t i = 0; is_layer && i < setting.layer; ++i)
    skips += layers[static_cast<std::size_t>(i)] + 1;
  const std::int64_t places =
      is_layer ? layers[static_cast<std::size_t>(setting.layer)] + (setting.layer + 1 < blocks) : 0;
  if (setting.block < 0 || setting.block >= places)
    throw UserError(fmt::format(
        "deepcache {}: this UNet has {} down blocks of {} resnets: layer must be below {}, block "
        "at most their number (the last layer has one block fewer)",
        to_string(setting), blocks, fmt::join(layers, ", "), blocks));
  if (setting.branch == 0) skips = 1;
  return {.skips = skips, .hidden = {}, .split = split ? split_at(skips) : nullptr, .kept = {}};
}

struct Unet::Conditioning {
  const UnetInput& input;
  Tensor emb;  // undefined where the projections were made before the loop

  Tensor projection(const ResnetBlock& resnet) const {
    return emb.defined() ? resnet.time_projection(emb) : resnet.own_projection(input.projections);
  }
  Tensor run(const ResnetBlock& resnet, const Tensor& x) const {
    return resnet.forward(x, projection(resnet));
  }
};

Tensor Unet::embed(const UnetInput& input) const {
  const std::int64_t n = input.text_embeds.size(0);
  const Tensor times = embed_times(input.timestep.reshape({1}).expand({n}));
  return times + embed_conditions(input);
}

// timesteps [n] -> [n, temb]
Tensor Unet::embed_times(const Tensor& timesteps) const {
  const Tensor times = sinusoidal_embedding(timesteps, config_.block_out_channels.front(),
                                            config_.flip_sin_to_cos, config_.freq_shift);
  return time_embedding_.forward(times.to(type_));
}

// What the pooled text and the sizes add to it, [n, temb].
Tensor Unet::embed_conditions(const UnetInput& input) const {
  const std::int64_t n = input.text_embeds.size(0);
  const Tensor sizes =
      sinusoidal_embedding(input.time_ids.flatten(), config_.addition_time_embed_dim,
                           config_.flip_sin_to_cos, config_.freq_shift);
  const Tensor added = at::cat({input.text_embeds, sizes.reshape({n, -1})}, -1).to(type_);
  return add_embedding_.forward(added);
}

// Down, middle, up: the order in which the constructor counts.
std::vector<Unet::Part> Unet::parts() const {
  std::vector<Part> parts;
  const auto add = [&](const auto& resnets, const auto& attentions) {
    for (std::size_t i = 0; i < resnets.size(); ++i)
      parts.push_back({&resnets[i], i < attentions.size() ? &attentions[i] : nullptr});
  };
  for (const DownBlock& block : down_blocks_) add(block.resnets, block.attentions);
  add(mid_resnets_, mid_attentions_);
  for (const UpBlock& block : up_blocks_) add(block.resnets, block.attentions);
  return parts;
}

Tensor Unet::time_projections(const UnetInput& input, const Tensor& timesteps) const {
  const std::int64_t steps = timesteps.size(0), n = input.text_embeds.size(0);
  const Tensor emb =  // [steps * n, temb]
      (embed_times(timesteps).unsqueeze(1) + embed_conditions(input).unsqueeze(0)).flatten(0, 1);
  std::vector<Tensor> projected;
  for (const Part& part : parts()) projected.push_back(part.resnet->time_projection(emb));
  return at::cat(projected, 1).view({steps, n, -1});
}

std::vector<KeysValues> Unet::keys_values(const Tensor& text) const {
  std::vector<KeysValues> made;
  for (const Part& part : parts())
    if (part.attention) part.attention->add_keys_values(text, made);
  return made;
}

// The skip connections in the order of their making, at most `most` of them; the last one is the
// hidden state.
std::vector<Tensor> Unet::down(const Tensor& sample, const Conditioning& by, std::size_t most,
                               Observer* observer) const {
  const Tensor first = conv_in_->forward(sample);
  const bool alike = first.size(0) < by.input.text_embeds.size(0);
  std::vector<Tensor> skips = {alike ? at::cat({first, first}, 0) : first};
  if (observer) observer->module("conv_in", skips.back());
  for (std::size_t level = 0; level < down_blocks_.size(); ++level) {
    const DownBlock& block = down_blocks_[level];
    for (std::size_t i = 0; i < block.resnets.size(); ++i) {
      if (skips.size() >= most) return skips;
      Tensor hidden =
          alike && skips.size() == 1
              ? block.resnets[i].forward_alike(first, skips.back(), by.projection(block.resnets[i]))
              : by.run(block.resnets[i], skips.back());
      if (observer) observer->module(fmt::format("down_blocks.{}.resnets.{}", level, i), hidden);
      if (!block.attentions.empty()) {
        hidden = block.attentions[i].forward(hidden, by.input.context);
        if (observer)
          observer->module(fmt::format("down_blocks.{}.attentions.{}", level, i), hidden);
      }
      skips.push_back(hidden);
    }
    if (block.downsampler) {
      if (skips.size() >= most) return skips;
      skips.push_back(block.downsampler->forward(skips.back()));
    }
    if (observer) observer->module(fmt::format("down_blocks.{}", level), skips.back());
  }
  return skips;
}

Tensor Unet::mid(const Tensor& x, const Conditioning& by) const {
  if (mid_resnets_.empty()) return x;
  const Tensor hidden = by.run(mid_resnets_[0], x);
  if (mid_attentions_.empty()) return hidden;
  return by.run(mid_resnets_[1], mid_attentions_[0].forward(hidden, by.input.context));
}

Tensor Unet::forward(const UnetInput& input, UnetCache* cache, bool partial,
                     Observer* observer) const {
  const Conditioning by{input, input.projections.defined() ? Tensor() : embed(input)};
  const std::size_t most =
      partial ? static_cast<std::size_t>(cache->skips) : std::numeric_limits<std::size_t>::max();
  std::vector<Tensor> skips = down(input.sample.contiguous(memory_format_), by, most, observer);

  // On a partial step the up path's part above the cached place is skipped: `pending` counts its
  // skip connections.
  std::int64_t pending = 0;
  for (const UpBlock& block : up_blocks_)
    pending += static_cast<std::int64_t>(block.resnets.size());
  Tensor hidden = partial ? Tensor() : mid(skips.back(), by);
  if (observer && !partial && !mid_resnets_.empty()) observer->module("mid_block", hidden);
  for (std::size_t up = 0; up < up_blocks_.size(); ++up) {
    const UpBlock& block = up_blocks_[up];
    for (std::size_t i = 0; i < block.resnets.size(); ++i, --pending) {
      const bool is_cached = cache != nullptr && pending == cache->skips;
      if (is_cached && !partial) {
        if (cache->split)
          cache->kept = cache->split->keep(hidden);
        else
          cache->hidden = hidden;
      }
      if (is_cached && cache->split) {
        hidden = cache->split->forward(cache->kept, skips.back(), by.projection(block.resnets[i]));
      } else {
        if (is_cached && partial) hidden = cache->hidden;
        if (!hidden.defined()) continue;
        hidden =
            block.resnets[i].forward_joined(hidden, skips.back(), by.projection(block.resnets[i]));
      }
      skips.pop_back();
      if (observer) observer->module(fmt::format("up_blocks.{}.resnets.{}", up, i), hidden);
      if (!block.attentions.empty()) {
        hidden = block.attentions[i].forward(hidden, input.context);
        if (observer) observer->module(fmt::format("up_blocks.{}.attentions.{}", up, i), hidden);
      }
    }
    if (!hidden.defined()) continue;
    if (block.upsampler)
      hidden = block.upsampler->forward(hidden, skips.back().size(2), skips.back().size(3));
    if (observer) observer->module(fmt::format("up_blocks.{}", up), hidden);
  }
  const Tensor output = conv_out_->forward(conv_norm_out_->forward(hidden, Activation::kSilu));
  if (observer) observer->module("conv_out", output);
  return output;
}

std::vector<std::string> Unet::block_names() const {
  std::vector<std::string> names = {"conv_in"};
  for (std::size_t i = 0; i < down_blocks_.size(); ++i)
    names.push_back(fmt::format("down_blocks.{}", i));
  if (!mid_resnets_.empty()) names.push_back("mid_block");
  for (std::size_t i = 0; i < up_blocks_.size(); ++i)
    names.push_back(fmt::format("up_blocks.{}", i));
  names.push_back("conv_out");
  return names;
}

}  // namespace sameseed
