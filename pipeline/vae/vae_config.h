// A VAE's config.json: sizes and options, with their defaults.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace sameseed {

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

// Throws UserError that names the file and every field it cannot take.
VaeConfig read_vae_config(const std::filesystem::path& folder);

}  // namespace sameseed
