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
  std::int64_t in() const { return in_; }
  // temb [n, temb] -> [n, out] with what the first convolution leaves out; undefined where the
  // block has no time embedding
  Tensor time_projection(const Tensor& temb) const;
  // Its own out of all resnets' projections, [n, channels] -> [n, out].
  Tensor own_projection(const Tensor& all) const;
  // x [n, in, h, w], projection [n, out] or undefined -> [n, out, h, w]
  Tensor forward(const Tensor& x, const Tensor& projection) const;
  // The same for x = cat(first, second), which is made only where the backend needs it.
  Tensor forward_joined(const Tensor& first, const Tensor& second, const Tensor& projection) const;
  // The same where x is `alike` [b, in, h, w] again and again: up to the projection it is
  // computed once.
  Tensor forward_alike(const Tensor& alike, const Tensor& x, const Tensor& projection) const;

 private:
  friend class SplitResnet;
  Tensor behind(Tensor convolved, const Tensor& projection, const Tensor& shortcut) const;

  std::int64_t first_channel_, in_, channels_;
  std::unique_ptr<GroupNorm> norm1_;
  std::unique_ptr<Conv2d> conv1_;
  std::unique_ptr<Linear> time_emb_proj_;
  std::unique_ptr<GroupNorm> norm2_;
  std::unique_ptr<Conv2d> conv2_, conv_shortcut_;
};

// A residual block over two tensors one behind the other, of which the first stays the same for
// many calls: what the block makes of it is kept. Exact but for one more rounding, since a group of
// its norm lies in one of the two and a convolution is a sum over channels.
class SplitResnet {
 public:
  // What is made of the first tensor: its part of the first convolution and of the shortcut.
  struct Kept {
    Tensor convolved, shortcut;
  };

  // `first`: channels of the first tensor; `block` must live as long. Null where the block cannot
  // be split there.
  static std::unique_ptr<SplitResnet> make(const ResnetBlock& block, std::int64_t first);

  Kept keep(const Tensor& first) const;
  // second [n, in - first, h, w]
  Tensor forward(const Kept& kept, const Tensor& second, const Tensor& projection) const;

 private:
  explicit SplitResnet(const ResnetBlock& block) : block_(block) {}

  const ResnetBlock& block_;
  std::unique_ptr<GroupNorm> norm_first_, norm_second_;
  std::unique_ptr<Conv2d> conv_first_, conv_second_, shortcut_first_, shortcut_second_;
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
