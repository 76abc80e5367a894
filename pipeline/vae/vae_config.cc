#include "pipeline/vae/vae_config.h"

#include <fmt/format.h>

#include "io/error.h"
#include "pipeline/model/config_fields.h"

namespace sameseed {

VaeConfig read_vae_config(const std::filesystem::path& folder) {
  ConfigFields fields(folder / "config.json");
  VaeConfig config;
  fields.only("_class_name", {"AutoencoderKL"});
  config.out_channels = fields.get("out_channels", config.out_channels);
  fields.only("out_channels", {3});
  config.latent_channels = fields.get("latent_channels", config.latent_channels);
  config.block_out_channels = fields.get<std::vector<std::int64_t>>("block_out_channels", {64});
  config.layers_per_block = fields.get("layers_per_block", config.layers_per_block);
  fields.require_positive("latent_channels", config.latent_channels);
  fields.require_positive("layers_per_block", config.layers_per_block);
  config.norm_num_groups = fields.get("norm_num_groups", config.norm_num_groups);
  fields.require_groups(config.block_out_channels, config.norm_num_groups);
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
  // SDXL's pipeline does not read a shift; the rest is the encoder's.
  fields.ignore(
      {"shift_factor", "in_channels", "down_block_types", "sample_size", "use_quant_conv"});
  fields.refuse_unknown();
  fields.finish();
  return config;
}

}  // namespace sameseed
