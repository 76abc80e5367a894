// A text encoder's config.json: sizes and options, with their defaults.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace sameseed {

// transformers' CLIPTextModel and CLIPTextModelWithProjection.
struct TextEncoderConfig {
  std::int64_t hidden_size = 512, intermediate_size = 2048, layers = 12, heads = 8;
  std::int64_t vocab_size = 49408, max_position_embeddings = 77, projection_dim = 512;
  std::int64_t eos_token_id = 49407;
  double layer_norm_eps = 1e-5;
  std::string hidden_act = "quick_gelu";
};

// Throws UserError that names the file and every field it cannot take.
TextEncoderConfig read_text_encoder_config(const std::filesystem::path& folder);

}  // namespace sameseed
