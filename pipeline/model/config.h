// diffusers' and transformers' config.json files: sizes and options, with their defaults; what this
// program does not support is refused by name, all of it at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sameseed {

// diffusers' UNet2DConditionModel
// (huggingface/diffusers:src/diffusers/models/unets/unet_2d_condition.py).
struct UnetConfig {
  std::int64_t in_channels = 4, out_channels = 4;
  std::vector<std::string> down_block_types, up_block_types;
  std::vector<std::int64_t> block_out_channels;
  std::int64_t layers_per_block = 2;
  std::vector<std::int64_t> transformer_layers_per_block;  // one a down block
  std::vector<std::int64_t> heads;  // one a down block: `attention_head_dim` is their number
  std::int64_t cross_attention_dim = 1280;
  std::int64_t norm_num_groups = 32;
  double norm_eps = 1e-5;
  bool use_linear_projection = false;
  bool flip_sin_to_cos = true;
  std::int64_t freq_shift = 0;
  std::int64_t addition_time_embed_dim = 256;
  std::int64_t projection_class_embeddings_input_dim = 0;
  std::int64_t sample_size = 128;
};

// diffusers' AutoencoderKL, of which only the decoder is built.
struct VaeConfig {
  std::int64_t out_channels = 3, latent_channels = 4;
  std::vector<std::int64_t> block_out_channels;
  std::int64_t layers_per_block = 1;
  std::int64_t norm_num_groups = 32;
  double scaling_factor = 0.18215;
  bool force_upcast = true;
  bool mid_block_add_attention = true;
  bool use_post_quant_conv = true;
  std::optional<std::vector<double>> latents_mean, latents_std;

  // Pixels a latent.
  std::int64_t scale() const { return std::int64_t{1} << (block_out_channels.size() - 1); }
};

// transformers' CLIPTextModel and CLIPTextModelWithProjection.
struct TextEncoderConfig {
  std::int64_t hidden_size = 512, intermediate_size = 2048, layers = 12, heads = 8;
  std::int64_t vocab_size = 49408, max_position_embeddings = 77, projection_dim = 512;
  std::int64_t eos_token_id = 49407;
  double layer_norm_eps = 1e-5;
  std::string hidden_act = "quick_gelu";
};

// diffusers' EulerDiscreteScheduler.
struct SchedulerConfig {
  std::int64_t num_train_timesteps = 1000;
  double beta_start = 0.0001, beta_end = 0.02;
  std::string beta_schedule = "linear";
  std::string prediction_type = "epsilon";
  std::string timestep_spacing = "linspace";
  std::int64_t steps_offset = 0;
  bool use_karras_sigmas = false;
  std::optional<double> sigma_min, sigma_max;
  std::string final_sigmas_type = "zero";
};

struct PipelineConfig {
  bool force_zeros_for_empty_prompt = true;
};

// Each throws UserError that names the file and every field it cannot take.
PipelineConfig read_pipeline_config(const std::filesystem::path& model);  // MODEL/model_index.json
UnetConfig read_unet_config(const std::filesystem::path& folder);
VaeConfig read_vae_config(const std::filesystem::path& folder);
TextEncoderConfig read_text_encoder_config(const std::filesystem::path& folder);
SchedulerConfig read_scheduler_config(
    const std::filesystem::path& folder);  // scheduler_config.json

}  // namespace sameseed
