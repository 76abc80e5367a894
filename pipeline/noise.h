// The initial noise: drawn once, as diffusers draws it, and a file from then on.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
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

// Gaussian noise of LibTorch's CPU generator in the request's precision (a float16 stream is not
// the rounded float32 one), written as `noise` to request.out. Only the model's config.json files
// are read. The generator takes the low 32 bits of the seed. Returns the SHA-256 of its values.
std::string draw_noise(const NoiseRequest& request);

}  // namespace sameseed
