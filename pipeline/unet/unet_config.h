// A UNet's config.json: sizes and options, with their defaults.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sameseed {

// diffusers' UNet2DConditionModel
// (huggingface/diffusers:src/diffusers/models/unets/unet_2d_condition.py).
struct UnetConfig {
  // Two resnets around a transformer, a resnet alone (SSD-1B), or nothing.
  enum class MidBlock { kAttention, kResnet, kNone };

  std::int64_t in_channels = 4, out_channels = 4;
  std::vector<std::string> down_block_types, up_block_types;
  std::vector<std::int64_t> block_out_channels;
  std::vector<std::int64_t>
      layers_per_block;  // resnets of each down block; its up block has one more
  // How many transformer blocks stand behind each resnet, of down blocks and of up blocks in the
  // order of computing; read where the block's type has attention.
  std::vector<std::vector<std::int64_t>> down_transformers, up_transformers;
  MidBlock mid_block = MidBlock::kAttention;
  std::int64_t mid_transformers = 1;
  std::vector<std::int64_t> heads;  // one a down block: `attention_head_dim` is their number
  std::int64_t cross_attention_dim = 1280;
  std::int64_t norm_num_groups = 32;
  double norm_eps = 1e-5;
  bool use_linear_projection = false;
  bool flip_sin_to_cos = true;
  std::int64_t freq_shift = 0;
  std::int64_t addition_time_embed_dim = 256;
  std::int64_t projection_class_embeddings_input_dim = 0;
};

// Throws UserError that names the file and every field it cannot take.
UnetConfig read_unet_config(const std::filesystem::path& folder);

}  // namespace sameseed
