#include "pipeline/model/config.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Reads one config file field by field and remembers what it could not take.
class Fields {
 public:
  explicit Fields(std::filesystem::path path) : path_(std::move(path)), values_(read_json(path_)) {
    if (!values_.is_object()) throw UserError(path_.string() + ": not a JSON object");
  }

  // The field's value, or `fallback` where it is absent or null.
  template <typename T>
  T get(const std::string& name, T fallback) {
    known_.insert(name);
    const auto found = values_.find(name);
    if (found == values_.end() || found->is_null()) return fallback;
    try {
      return found->get<T>();
    } catch (const json::exception&) {
      complain(name, "has the wrong type");
      return fallback;
    }
  }

  template <typename T>
  std::optional<T> optional(const std::string& name) {
    known_.insert(name);
    if (!values_.contains(name) || values_.at(name).is_null()) return std::nullopt;
    return get<T>(name, T{});
  }

  // The field may be absent, null or one of `allowed`; anything else is refused.
  void only(const std::string& name, const std::vector<json>& allowed) {
    known_.insert(name);
    const auto found = values_.find(name);
    if (found == values_.end() || found->is_null()) return;
    for (const json& value : allowed)
      if (*found == value) return;
    std::string list;
    for (const json& value : allowed) list += (list.empty() ? "" : ", ") + value.dump();
    complain(name, fmt::format("is not supported yet (supported: {})", list));
  }

  // Fields that do not change the arithmetic.
  void ignore(const std::vector<std::string>& names) { known_.insert(names.begin(), names.end()); }

  // A number, or a list with one for each of `count` blocks.
  std::vector<std::int64_t> per_block(const std::string& name, std::int64_t fallback,
                                      std::size_t count) {
    known_.insert(name);
    const json value = values_.value(name, json());
    if (value.is_array()) {
      auto list = get<std::vector<std::int64_t>>(name, {});
      if (list.size() != count) complain(name, fmt::format("needs {} values, one a block", count));
      list.resize(count, fallback);
      return list;
    }
    return std::vector<std::int64_t>(count, get<std::int64_t>(name, fallback));
  }

  void complain(const std::string& name, const std::string& what) {
    problems_.push_back(
        fmt::format("  {} = {}: {}", name, values_.value(name, json()).dump(), what));
  }

  // A field that nobody asked for changes nothing when it is null, false or private.
  void refuse_unknown() {
    for (const auto& [name, value] : values_.items())
      if (!known_.contains(name) && !name.starts_with('_') && !value.is_null() &&
          value != json(false))
        complain(name, "is not known to this program");
  }

  void finish() const {
    if (problems_.empty()) return;
    std::string text = path_.string() + ": cannot be used";
    for (const std::string& problem : problems_) text += "\n" + problem;
    throw UserError(text);
  }

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  json values_;
  std::set<std::string> known_;
  std::vector<std::string> problems_;
};

void require_positive(Fields& fields, const std::string& name, std::int64_t value) {
  if (value <= 0 || value > (1 << 24))
    fields.complain(name, "must be a positive number of reasonable size");
}

void require_groups(Fields& fields, const std::vector<std::int64_t>& channels,
                    std::int64_t groups) {
  for (const std::int64_t width : channels) {
    require_positive(fields, "block_out_channels", width);
    if (groups <= 0 || width % groups != 0) {
      fields.complain("norm_num_groups",
                      fmt::format("does not divide a block's {} channels", width));
      return;
    }
  }
}

}  // namespace

PipelineConfig read_pipeline_config(const std::filesystem::path& model) {
  if (!std::filesystem::is_directory(model))
    throw UserError(model.string() +
                    ": no such folder; name one in diffusers' layout (with model_index.json)");
  Fields fields(model / "model_index.json");
  fields.only("_class_name", {"StableDiffusionXLPipeline"});
  PipelineConfig config;
  config.force_zeros_for_empty_prompt = fields.get("force_zeros_for_empty_prompt", true);
  fields.finish();
  return config;
}

UnetConfig read_unet_config(const std::filesystem::path& folder) {
  Fields fields(folder / "config.json");
  UnetConfig config;
  fields.only("_class_name", {"UNet2DConditionModel"});
  config.in_channels = fields.get("in_channels", config.in_channels);
  config.out_channels = fields.get("out_channels", config.out_channels);
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
  fields.only("mid_block_type", {"UNetMidBlock2DCrossAttn"});
  config.layers_per_block = fields.get("layers_per_block", config.layers_per_block);
  require_positive(fields, "layers_per_block", config.layers_per_block);
  config.transformer_layers_per_block = fields.per_block("transformer_layers_per_block", 1, blocks);
  config.heads = fields.per_block("attention_head_dim", 8, blocks);
  fields.only("num_attention_heads", {});  // diffusers refuses it too
  for (std::size_t i = 0; i < blocks; ++i)
    if (config.heads[i] <= 0 || config.block_out_channels[i] % config.heads[i] != 0)
      fields.complain("attention_head_dim", "the number of heads must divide the block's channels");
  config.cross_attention_dim = fields.get("cross_attention_dim", config.cross_attention_dim);
  config.norm_num_groups = fields.get("norm_num_groups", config.norm_num_groups);
  require_groups(fields, config.block_out_channels, config.norm_num_groups);
  config.norm_eps = fields.get("norm_eps", config.norm_eps);
  config.use_linear_projection = fields.get("use_linear_projection", config.use_linear_projection);
  config.flip_sin_to_cos = fields.get("flip_sin_to_cos", config.flip_sin_to_cos);
  config.freq_shift = fields.get("freq_shift", config.freq_shift);
  config.addition_time_embed_dim =
      fields.get("addition_time_embed_dim", config.addition_time_embed_dim);
  config.projection_class_embeddings_input_dim =
      fields.get("projection_class_embeddings_input_dim", std::int64_t{0});
  config.sample_size = fields.get("sample_size", config.sample_size);
  if (fields.get<std::string>("addition_embed_type", "") != "text_time")
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
  fields.only("dropout", {0.0});
  for (const char* name :
       {"center_input_sample", "only_cross_attention", "dual_cross_attention",
        "class_embeddings_concat", "mid_block_only_cross_attention", "resnet_skip_time_act"})
    fields.only(name, {false});
  fields.only("reverse_transformer_layers_per_block", {});
  fields.ignore({"addition_embed_type_num_heads", "upcast_attention"});
  fields.refuse_unknown();
  fields.finish();
  return config;
}

VaeConfig read_vae_config(const std::filesystem::path& folder) {
  Fields fields(folder / "config.json");
  VaeConfig config;
  fields.only("_class_name", {"AutoencoderKL"});
  config.out_channels = fields.get("out_channels", config.out_channels);
  fields.only("out_channels", {3});
  config.latent_channels = fields.get("latent_channels", config.latent_channels);
  config.block_out_channels = fields.get<std::vector<std::int64_t>>("block_out_channels", {64});
  config.layers_per_block = fields.get("layers_per_block", config.layers_per_block);
  require_positive(fields, "layers_per_block", config.layers_per_block);
  config.norm_num_groups = fields.get("norm_num_groups", config.norm_num_groups);
  require_groups(fields, config.block_out_channels, config.norm_num_groups);
  config.scaling_factor = fields.get("scaling_factor", config.scaling_factor);
  config.force_upcast = fields.get("force_upcast", config.force_upcast);
  config.mid_block_add_attention =
      fields.get("mid_block_add_attention", config.mid_block_add_attention);
  config.use_post_quant_conv = fields.get("use_post_quant_conv", config.use_post_quant_conv);
  config.latents_mean = fields.optional<std::vector<double>>("latents_mean");
  config.latents_std = fields.optional<std::vector<double>>("latents_std");
  for (const auto* list : {&config.latents_mean, &config.latents_std})
    if (*list && (*list)->size() != static_cast<std::size_t>(config.latent_channels))
      fields.complain(list == &config.latents_mean ? "latents_mean" : "latents_std",
                      "needs one value a latent channel");
  for (const std::string& type :
       fields.get<std::vector<std::string>>("up_block_types", {"UpDecoderBlock2D"}))
    if (type != "UpDecoderBlock2D")
      fields.complain("up_block_types", type + " is not supported yet");
  if (fields.get<std::vector<std::string>>("up_block_types", {"UpDecoderBlock2D"}).size() !=
      config.block_out_channels.size())
    fields.complain("up_block_types", "needs as many entries as block_out_channels");
  fields.only("act_fn", {"silu", "swish"});
  fields.only("shift_factor", {0, 0.0});
  fields.ignore({"in_channels", "down_block_types", "sample_size", "use_quant_conv"});
  fields.refuse_unknown();
  fields.finish();
  return config;
}

TextEncoderConfig read_text_encoder_config(const std::filesystem::path& folder) {
  // transformers writes many fields that have no effect here, so unknown ones pass.
  Fields fields(folder / "config.json");
  TextEncoderConfig config;
  fields.only("model_type", {"clip_text_model"});
  config.hidden_size = fields.get("hidden_size", config.hidden_size);
  config.intermediate_size = fields.get("intermediate_size", config.intermediate_size);
  config.layers = fields.get("num_hidden_layers", config.layers);
  config.heads = fields.get("num_attention_heads", config.heads);
  config.vocab_size = fields.get("vocab_size", config.vocab_size);
  config.max_position_embeddings =
      fields.get("max_position_embeddings", config.max_position_embeddings);
  config.projection_dim = fields.get("projection_dim", config.projection_dim);
  config.eos_token_id = fields.get("eos_token_id", config.eos_token_id);
  config.layer_norm_eps = fields.get("layer_norm_eps", config.layer_norm_eps);
  config.hidden_act = fields.get("hidden_act", config.hidden_act);
  fields.only("hidden_act", {"gelu", "quick_gelu"});
  for (const auto& [name, value] : {std::pair{"hidden_size", config.hidden_size},
                                    {"intermediate_size", config.intermediate_size},
                                    {"num_hidden_layers", config.layers},
                                    {"num_attention_heads", config.heads},
                                    {"vocab_size", config.vocab_size},
                                    {"max_position_embeddings", config.max_position_embeddings},
                                    {"projection_dim", config.projection_dim}})
    require_positive(fields, name, value);
  if (config.layers < 2)
    fields.complain("num_hidden_layers", "needs at least 2: SDXL reads the last but one");
  if (config.heads > 0 && config.hidden_size % config.heads != 0)
    fields.complain("num_attention_heads", "must divide hidden_size");
  fields.finish();
  return config;
}

SchedulerConfig read_scheduler_config(const std::filesystem::path& folder) {
  Fields fields(folder / "scheduler_config.json");
  const std::string name = fields.get<std::string>("_class_name", "EulerDiscreteScheduler");
  if (name != "EulerDiscreteScheduler")
    throw UserError(
        fmt::format("{}: _class_name = \"{}\": this {}scheduler is not supported yet; supported: "
                    "EulerDiscreteScheduler",
                    fields.path().string(), name, name.starts_with("EDM") ? "EDM " : ""));
  SchedulerConfig config;
  config.num_train_timesteps = fields.get("num_train_timesteps", config.num_train_timesteps);
  config.beta_start = fields.get("beta_start", config.beta_start);
  config.beta_end = fields.get("beta_end", config.beta_end);
  config.beta_schedule = fields.get("beta_schedule", config.beta_schedule);
  fields.only("beta_schedule", {"linear", "scaled_linear"});
  config.prediction_type = fields.get("prediction_type", config.prediction_type);
  fields.only("prediction_type", {"epsilon", "v_prediction"});
  config.timestep_spacing = fields.get("timestep_spacing", config.timestep_spacing);
  fields.only("timestep_spacing", {"leading", "trailing", "linspace"});
  config.steps_offset = fields.get("steps_offset", config.steps_offset);
  config.use_karras_sigmas = fields.get("use_karras_sigmas", config.use_karras_sigmas);
  config.sigma_min = fields.optional<double>("sigma_min");
  config.sigma_max = fields.optional<double>("sigma_max");
  config.final_sigmas_type = fields.get("final_sigmas_type", config.final_sigmas_type);
  fields.only("final_sigmas_type", {"zero", "sigma_min"});
  fields.only("interpolation_type", {"linear"});
  fields.only("timestep_type", {"discrete"});
  for (const char* option : {"use_exponential_sigmas", "use_beta_sigmas", "rescale_betas_zero_snr"})
    fields.only(option, {false});
  fields.only("trained_betas", {});
  // Left over in SDXL's file from other schedulers; EulerDiscreteScheduler does not read them.
  fields.ignore({"clip_sample", "clip_sample_range", "sample_max_value", "set_alpha_to_one",
                 "skip_prk_steps", "thresholding", "dynamic_thresholding_ratio"});
  if (config.num_train_timesteps < 2 || config.num_train_timesteps > 1000000)
    fields.complain("num_train_timesteps", "must lie between 2 and 1000000");
  fields.refuse_unknown();
  fields.finish();
  return config;
}

}  // namespace sameseed
