// Residual blocks and the resamplers between them, of the UNet and of the VAE's decoder.
#pragma once

#include <memory>

#include "pipeline/layers/backend.h"

namespace sameseed {

struct ResnetConfig {
  std::int64_t in = 320, out = 320;
  std::int64_t temb = 0;  // width of the time embedding; 0: none (VAE)
  std::int64_t groups = 32;
  double eps = 1e-5;
  std::int64_t first_channel = 0;  // of its time projection among those of all resnets
};

// Two convolutions around the time embedding, and a shortcut where the widths differ (diffusers'
// ResnetBlock2D).
class ResnetBlock {
 public:
  ResnetBlock(Backend& make, const Weights& at, const ResnetConfig& config);
  // temb [n, temb] -> [n, out], undefined where the block has no time embedding
  Tensor time_projection(const Tensor& temb) const;
  // Its own out of all resnets' projections, [n, channels] -> [n, out].
  Tensor own_projection(const Tensor& all) const;
  // x [n, in, h, w], projection [n, out] or undefined -> [n, out, h, w]
  Tensor forward(const Tensor& x, const Tensor& projection) const;

 private:
  std::int64_t first_channel_, channels_;
  std::unique_ptr<GroupNorm> norm1_;
  std::unique_ptr<Conv2d> conv1_;
  std::unique_ptr<Linear> time_emb_proj_;
  std::unique_ptr<GroupNorm> norm2_;
  std::unique_ptr<Conv2d> conv2_, conv_shortcut_;
};

// Nearest neighbour to the size of the next skip connection (odd sizes!), then a 3x3 convolution.
class Upsampler {
 public:
  Upsampler(Backend& make, const Weights& at, std::int64_t channels);
  Tensor forward(const Tensor& x, std::int64_t height, std::int64_t width) const;

 private:
  Backend& backend_;
  std::unique_ptr<Conv2d> conv_;
};

}  // namespace sameseed
