#include "pipeline/unet/unet_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "pipeline/model/config_fields.h"

namespace sameseed {
namespace {

void read_blocks(ConfigFields& fields, UnetConfig& config) {
  config.down_block_types = fields.get<std::vector<std::string>>(
      "down_block_types",
      {"CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"});
  config.up_block_types = fields.get<std::vector<std::string>>(
      "up_block_types",
      {"UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"});
  config.block_out_channels =
      fields.get<std::vector<std::int64_t>>("block_out_channels", {320, 640, 1280, 1280});
  const std::size_t blocks = config.block_out_channels.size();
  if (blocks < 1 || blocks > 8 || config.down_block_types.size() != blocks ||
      config.up_block_types.size() != blocks)
    fields.complain("block_out_channels",
                    "needs as many values as there are down and up block types (1 to 8)");
  for (const std::string& type : config.down_block_types)
    if (type != "DownBlock2D" && type != "CrossAttnDownBlock2D")
      fields.complain("down_block_types", type + " is not supported yet");
  for (const std::string& type : config.up_block_types)
    if (type != "UpBlock2D" && type != "CrossAttnUpBlock2D")
      fields.complain("up_block_types", type + " is not supported yet");
}

constexpr const char *kLayers = "transformer_layers_per_block",
                     *kReverse = "reverse_transformer_layers_per_block";

// One block's entry of these fields: a number for all of its resnets, or a list with one for each.
std::vector<std::int64_t> transformers_of(ConfigFields& fields, const char* name,
                                          const nlohmann::json& entry, std::int64_t resnets) {
  constexpr std::int64_t kMost = 1000;
  const auto fits = [](const nlohmann::json& value) {
    return value.is_number_integer() && value.get<std::int64_t>() >= 0 &&
           value.get<std::int64_t>() <= kMost;
  };
  const auto count = static_cast<std::size_t>(resnets);
  if (fits(entry)) return std::vector<std::int64_t>(count, entry.get<std::int64_t>());
  if (entry.is_array() && entry.size() >= count && std::ranges::all_of(entry, fits)) {
    auto list = entry.get<std::vector<std::int64_t>>();
    list.resize(count);  // diffusers leaves the rest unread, too
    return list;
  }
  fields.complain(name, fmt::format("a block's entry must be a number from 0 to {}, or a list of "
                                    "such for its {} resnets; {} is neither",
                                    kMost, resnets, entry.dump()));
  return std::vector<std::int64_t>(count, 1);
}

void read_transformers(ConfigFields& fields, UnetConfig& config) {
  using nlohmann::json;
  const std::size_t blocks = config.block_out_channels.size();
  json down = fields.raw(kLayers), up = fields.raw(kReverse);
  if (blocks == 0 || config.down_block_types.size() != blocks ||
      config.up_block_types.size() != blocks)
    return;  // which was complained of
  const bool is_nested =
      down.is_array() && std::ranges::any_of(down, [](const json& one) { return one.is_array(); });
  if (!down.is_array()) down = json(std::vector(blocks, fields.get<std::int64_t>(kLayers, 1)));
  if (up.is_null()) {
    if (is_nested)
      fields.complain(kLayers,
                      fmt::format("has lists in it, so {} is needed, as in diffusers", kReverse));
    up = is_nested ? json(std::vector<int>(blocks, 1))
                   : json(std::vector<json>(down.rbegin(), down.rend()));
  }
  for (const auto& [name, list] : {std::pair{kLayers, &down}, {kReverse, &up}})
    if (!list->is_array() || list->size() != blocks) {
      fields.complain(name, fmt::format("needs {} values, one a block", blocks));
      *list = json(std::vector<int>(blocks, 1));
    }
  for (std::size_t i = 0; i < blocks; ++i) {
    const bool attends_down = config.down_block_types[i] == "CrossAttnDownBlock2D",
               attends_up = config.up_block_types[i] == "CrossAttnUpBlock2D";
    const std::int64_t resnets = config.layers_per_block[i],
                       resnets_up = config.layers_per_block[blocks - 1 - i] + 1;
    config.down_transformers.push_back(attends_down
                                           ? transformers_of(fields, kLayers, down[i], resnets)
                                           : std::vector<std::int64_t>());
    config.up_transformers.push_back(attends_up
                                         ? transformers_of(fields, kReverse, up[i], resnets_up)
                                         : std::vector<std::int64_t>());
  }
  if (config.mid_block == UnetConfig::MidBlock::kAttention)
    config.mid_transformers = transformers_of(fields, kLayers, down.back(), 1).front();
}

void read_mid_block(ConfigFields& fields, UnetConfig& config) {
  fields.only("mid_block_type", {"UNetMidBlock2DCrossAttn", "UNetMidBlock2D", nullptr});
  if (!fields.has("mid_block_type")) return;
  const nlohmann::json type = fields.raw("mid_block_type");
  config.mid_block = type.is_null()             ? UnetConfig::MidBlock::kNone
                     : type == "UNetMidBlock2D" ? UnetConfig::MidBlock::kResnet
                                                : UnetConfig::MidBlock::kAttention;
}

void read_sizes(ConfigFields& fields, UnetConfig& config) {
  const std::size_t blocks = config.block_out_channels.size();
  read_mid_block(fields, config);
  config.layers_per_block = fields.per_block("layers_per_block", 2, blocks);
  for (std::int64_t& layers : config.layers_per_block) {
    fields.require_positive("layers_per_block", layers);
    layers = std::clamp<std::int64_t>(layers, 1, 1000);
  }
  read_transformers(fields, config);
  config.heads = fields.per_block("attention_head_dim", 8, blocks);
  fields.only("num_attention_heads", {});  // diffusers refuses it too
  for (std::size_t i = 0; i < blocks; ++i)
    if (config.heads[i] <= 0 || config.block_out_channels[i] % config.heads[i] != 0)
      fields.complain("attention_head_dim", "the number of heads must divide the block's channels");
  config.cross_attention_dim = fields.get("cross_attention_dim", config.cross_attention_dim);
  config.norm_num_groups = fields.get("norm_num_groups", config.norm_num_groups);
  fields.require_groups(config.block_out_channels, config.norm_num_groups);
  config.norm_eps = fields.get("norm_eps", config.norm_eps);
  config.use_linear_projection = fields.get("use_linear_projection", config.use_linear_projection);
  config.flip_sin_to_cos = fields.get("flip_sin_to_cos", config.flip_sin_to_cos);
  config.freq_shift = fields.get("freq_shift", config.freq_shift);
  config.addition_time_embed_dim =
      fields.get("addition_time_embed_dim", config.addition_time_embed_dim);
  config.projection_class_embeddings_input_dim =
      fields.get("projection_class_embeddings_input_dim", std::int64_t{0});
  for (const auto& [name, value] :
       {std::pair{"cross_attention_dim", config.cross_attention_dim},
        {"addition_time_embed_dim", config.addition_time_embed_dim},
        {"projection_class_embeddings_input_dim", config.projection_class_embeddings_input_dim}})
    fields.require_positive(name, value);
  if (!(config.norm_eps > 0)) fields.complain("norm_eps", "must be positive");
  fields.ignore({"sample_size"});  // the size that diffusers makes where none is asked for
}

// Options of other UNets, which have to be as SDXL's are.
void refuse_other_unets(ConfigFields& fields) {
  if (fields.optional<std::string>("addition_embed_type") != "text_time")
    fields.complain("addition_embed_type", "must be \"text_time\", as SDXL's is");
  fields.only("act_fn", {"silu", "swish"});
  fields.only("class_embed_type", {});
  fields.only("encoder_hid_dim_type", {});
  fields.only("time_cond_proj_dim", {});
  fields.only("time_embedding_dim", {});
  fields.only("time_embedding_act_fn", {});
  fields.only("timestep_post_act", {});
  fields.only("cross_attention_norm", {});
  fields.only("num_class_embeds", {});
  fields.only("encoder_hid_dim", {});
  fields.only("time_embedding_type", {"positional"});
  fields.only("resnet_time_scale_shift", {"default"});
  fields.only("attention_type", {"default"});
  fields.only("conv_in_kernel", {3});
  fields.only("conv_out_kernel", {3});
  fields.only("downsample_padding", {1});
  fields.only("mid_block_scale_factor", {1});
  fields.only("resnet_out_scale_factor", {1.0});
  if (const double dropout = fields.get("dropout", 0.0); !(dropout >= 0 && dropout <= 1))
    fields.complain("dropout", "must lie between 0 and 1 (it acts in training only)");
  for (const char* name :
       {"center_input_sample", "only_cross_attention", "dual_cross_attention",
        "class_embeddings_concat", "mid_block_only_cross_attention", "resnet_skip_time_act"})
    fields.only(name, {false});
}

}  // namespace

UnetConfig read_unet_config(const std::filesystem::path& folder) {
  ConfigFields fields(folder / "config.json");
  UnetConfig config;
  fields.only("_class_name", {"UNet2DConditionModel"});
  config.in_channels = fields.get("in_channels", config.in_channels);
  config.out_channels = fields.get("out_channels", config.out_channels);
  fields.require_positive("in_channels", config.in_channels);
  if (config.out_channels != config.in_channels)
    fields.complain("out_channels", "must be in_channels: a step makes latents of latents");
  read_blocks(fields, config);
  read_sizes(fields, config);
  refuse_other_unets(fields);
  fields.ignore({"addition_embed_type_num_heads", "upcast_attention"});
  fields.refuse_unknown();
  fields.finish();
  return config;
}

}  // namespace sameseed
