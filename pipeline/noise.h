// Noise: drawn once, as diffusers draws it, and a file from then on.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipeline/engine.h"
#include "pipeline/unet/unet_config.h"
#include "pipeline/vae/vae_config.h"

namespace sameseed {

// Shape of the latents [batch, channels, height/8, width/8] of pictures of this size in pixels.
// Throws UserError for sizes that cannot be made.
std::vector<std::int64_t> latent_shape(const UnetConfig& unet, const VaeConfig& vae, int width,
                                       int height, int batch);

struct Noise {
  at::Tensor initial;  // as latent_shape()
  at::Tensor steps;    // [draws, as initial]; undefined where the sampler's steps add none
};

// Gaussian noise of LibTorch's CPU generator in the request's precision (a float16 stream is not
// the rounded float32 one), written as `noise` to request.out; behind it, from the same generator,
// `step_noise`, what the steps of the model's sampler add. Only the model's config files are read.
// The generator takes the low 32 bits of the seed. Returns hashes_of() it.
nlohmann::json draw_noise(const NoiseRequest& request);

Noise load_noise(const std::filesystem::path& file);

// {"noise": SHA-256, "step_noise": SHA-256 where steps add noise}, over the values.
nlohmann::json hashes_of(const Noise& noise);

}  // namespace sameseed
