#include "bench/seeded_model/model_layout.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace sameseed {
namespace {

using nlohmann::json;
using Channels = std::vector<std::int64_t>;

// The names below one prefix of a checkpoint: adds tensors in the order in which networks are
// built.
class Prefix {
 public:
  Prefix(std::vector<TensorLayout>& all, std::string name) : all_(all), name_(std::move(name)) {}

  Prefix operator/(const std::string& name) const {
    return {all_, name_.empty() ? name : name_ + "." + name};
  }
  Prefix operator/(std::size_t index) const { return *this / std::to_string(index); }

  void matrix(Channels shape, TensorRole role = TensorRole::kMatrix, bool biased = true) const {
    const std::int64_t out = shape.front();
    add("weight", std::move(shape), role);
    if (biased) add("bias", {out}, TensorRole::kBias);
  }
  void norm(std::int64_t channels) const {
    add("weight", {channels}, TensorRole::kNormWeight);
    add("bias", {channels}, TensorRole::kBias);
  }
  void add(const char* name, Channels shape, TensorRole role) const {
    all_.push_back({name_ + "." + name, std::move(shape), role});
  }

 private:
  std::vector<TensorLayout>& all_;
  std::string name_;
};

constexpr TensorRole kResidual = TensorRole::kResidualMatrix;

Channels conv(std::int64_t out, std::int64_t in, std::int64_t kernel) {
  return {out, in, kernel, kernel};
}

// A field that is one number for all blocks or a list with one for each.
std::int64_t per_block(const json& value, std::size_t block) {
  return value.is_array() ? value.at(block).get<std::int64_t>() : value.get<std::int64_t>();
}

// `time` is the width of the time embedding; 0: the block has none.
void resnet(const Prefix& at, std::int64_t in, std::int64_t out, std::int64_t time) {
  (at / "norm1").norm(in);
  (at / "conv1").matrix(conv(out, in, 3));
  if (time > 0) (at / "time_emb_proj").matrix({out, time});
  (at / "norm2").norm(out);
  (at / "conv2").matrix(conv(out, out, 3), kResidual);
  if (in != out) (at / "conv_shortcut").matrix(conv(out, in, 1));
}

void attention(const Prefix& at, std::int64_t width, std::int64_t context, bool biased) {
  (at / "to_q").matrix({width, width}, TensorRole::kMatrix, biased);
  (at / "to_k").matrix({width, context}, TensorRole::kMatrix, biased);
  (at / "to_v").matrix({width, context}, TensorRole::kMatrix, biased);
  (at / "to_out" / 0).matrix({width, width}, kResidual);
}

void transformer(const Prefix& at, std::int64_t width, std::int64_t context, std::int64_t depth,
                 bool linear) {
  const Channels projection = linear ? Channels{width, width} : conv(width, width, 1);
  (at / "norm").norm(width);
  (at / "proj_in").matrix(projection);
  for (std::int64_t i = 0; i < depth; ++i) {
    const Prefix block = at / "transformer_blocks" / static_cast<std::size_t>(i);
    (block / "norm1").norm(width);
    attention(block / "attn1", width, width, false);
    (block / "norm2").norm(width);
    attention(block / "attn2", width, context, false);
    (block / "norm3").norm(width);
    (block / "ff.net.0.proj").matrix({8 * width, width});  // GEGLU: twice four times the width
    (block / "ff.net.2").matrix({width, 4 * width}, kResidual);
  }
  (at / "proj_out").matrix(projection, kResidual);
}

void unet(const Prefix& at, const json& config) {
  const auto widths = config.at("block_out_channels").get<Channels>();
  const auto layers = config.at("layers_per_block").get<std::size_t>();
  const std::size_t blocks = widths.size();
  const std::int64_t first = widths.front(), last = widths.back(), time = 4 * first;
  const auto attends = [](const json& type) {
    return type.get<std::string>().find("CrossAttn") != std::string::npos;
  };
  const auto add_transformer = [&](const Prefix& prefix, std::size_t block) {
    transformer(prefix, widths[block], config.at("cross_attention_dim").get<std::int64_t>(),
                per_block(config.at("transformer_layers_per_block"), block),
                config.at("use_linear_projection").get<bool>());
  };
  (at / "conv_in").matrix(conv(first, config.at("in_channels"), 3));
  (at / "time_embedding.linear_1").matrix({time, first});
  (at / "time_embedding.linear_2").matrix({time, time});
  (at / "add_embedding.linear_1")
      .matrix({time, config.at("projection_class_embeddings_input_dim").get<std::int64_t>()});
  (at / "add_embedding.linear_2").matrix({time, time});

  Channels skips = {first};
  std::int64_t width = first;
  for (std::size_t i = 0; i < blocks; ++i) {
    const Prefix block = at / "down_blocks" / i;
    for (std::size_t j = 0; j < layers; ++j) {
      resnet(block / "resnets" / j, std::exchange(width, widths[i]), widths[i], time);
      if (attends(config.at("down_block_types").at(i)))
        add_transformer(block / "attentions" / j, i);
      skips.push_back(width);
    }
    if (i + 1 == blocks) break;
    (block / "downsamplers" / 0 / "conv").matrix(conv(width, width, 3));
    skips.push_back(width);
  }
  resnet(at / "mid_block.resnets.0", last, last, time);
  add_transformer(at / "mid_block.attentions.0", blocks - 1);
  resnet(at / "mid_block.resnets.1", last, last, time);
  for (std::size_t i = 0; i < blocks; ++i) {
    const Prefix block = at / "up_blocks" / i;
    const std::size_t mirrored = blocks - 1 - i;
    for (std::size_t j = 0; j < layers + 1; ++j) {
      const std::int64_t in = std::exchange(width, widths[mirrored]) + skips.back();
      skips.pop_back();
      resnet(block / "resnets" / j, in, width, time);
      if (attends(config.at("up_block_types").at(i)))
        add_transformer(block / "attentions" / j, mirrored);
    }
    if (i + 1 < blocks) (block / "upsamplers" / 0 / "conv").matrix(conv(width, width, 3));
  }
  (at / "conv_norm_out").norm(first);
  (at / "conv_out").matrix(conv(config.at("out_channels"), first, 3));
}

void vae_mid_block(const Prefix& at, std::int64_t width) {
  resnet(at / "resnets" / 0, width, width, 0);
  (at / "attentions.0.group_norm").norm(width);
  attention(at / "attentions" / 0, width, width, true);
  resnet(at / "resnets" / 1, width, width, 0);
}

void vae(const Prefix& at, const json& config) {
  const auto widths = config.at("block_out_channels").get<Channels>();
  const auto layers = config.at("layers_per_block").get<std::size_t>();
  const auto latent = config.at("latent_channels").get<std::int64_t>();
  const std::size_t blocks = widths.size();
  // Half of a coder: `order` are its blocks' widths, with `layers` residual blocks each.
  const auto add_blocks = [&](const Prefix& prefix, const Channels& order, std::size_t count,
                              const char* block_name, const char* sampler) {
    std::int64_t width = order.front();
    for (std::size_t i = 0; i < blocks; ++i) {
      const Prefix block = prefix / block_name / i;
      for (std::size_t j = 0; j < count; ++j)
        resnet(block / "resnets" / j, std::exchange(width, order[i]), order[i], 0);
      if (i + 1 < blocks) (block / sampler / 0 / "conv").matrix(conv(width, width, 3));
    }
  };
  const Prefix encoder = at / "encoder", decoder = at / "decoder";
  (encoder / "conv_in").matrix(conv(widths.front(), config.at("in_channels"), 3));
  add_blocks(encoder, widths, layers, "down_blocks", "downsamplers");
  vae_mid_block(encoder / "mid_block", widths.back());
  (encoder / "conv_norm_out").norm(widths.back());
  (encoder / "conv_out").matrix(conv(2 * latent, widths.back(), 3));
  (at / "quant_conv").matrix(conv(2 * latent, 2 * latent, 1));
  (at / "post_quant_conv").matrix(conv(latent, latent, 1));
  (decoder / "conv_in").matrix(conv(widths.back(), latent, 3));
  vae_mid_block(decoder / "mid_block", widths.back());
  add_blocks(decoder, {widths.rbegin(), widths.rend()}, layers + 1, "up_blocks", "upsamplers");
  (decoder / "conv_norm_out").norm(widths.front());
  (decoder / "conv_out").matrix(conv(config.at("out_channels"), widths.front(), 3));
}

void text_encoder(const Prefix& at, const json& config, bool projects) {
  const auto width = config.at("hidden_size").get<std::int64_t>();
  const auto inner = config.at("intermediate_size").get<std::int64_t>();
  const Prefix model = at / "text_model";
  const Prefix embeddings = model / "embeddings";
  (embeddings / "token_embedding")
      .matrix({config.at("vocab_size").get<std::int64_t>(), width}, TensorRole::kEmbedding, false);
  (embeddings / "position_embedding")
      .matrix({config.at("max_position_embeddings").get<std::int64_t>(), width},
              TensorRole::kEmbedding, false);
  for (std::size_t i = 0; i < config.at("num_hidden_layers").get<std::size_t>(); ++i) {
    const Prefix layer = model / "encoder.layers" / i;
    for (const char* name : {"q_proj", "k_proj", "v_proj"})
      (layer / "self_attn" / name).matrix({width, width});
    (layer / "self_attn.out_proj").matrix({width, width}, kResidual);
    (layer / "layer_norm1").norm(width);
    (layer / "mlp.fc1").matrix({inner, width});
    (layer / "mlp.fc2").matrix({width, inner}, kResidual);
    (layer / "layer_norm2").norm(width);
  }
  (model / "final_layer_norm").norm(width);
  if (projects)
    (at / "text_projection")
        .matrix({config.at("projection_dim").get<std::int64_t>(), width}, TensorRole::kMatrix,
                false);
}

}  // namespace

std::vector<TensorLayout> layout_of(const std::string& component, const json& config) {
  std::vector<TensorLayout> all;
  const Prefix top(all, "");
  if (component == "unet")
    unet(top, config);
  else if (component == "vae")
    vae(top, config);
  else
    text_encoder(top, config, component == "text_encoder_2");
  return all;
}

}  // namespace sameseed
