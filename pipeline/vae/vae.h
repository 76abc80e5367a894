// The decoder half of SDXL's autoencoder (diffusers' AutoencoderKL).
#pragma once

#include <memory>
#include <vector>

#include "pipeline/layers/backend.h"
#include "pipeline/layers/resnet.h"
#include "pipeline/layers/transformer.h"
#include "pipeline/vae/vae_config.h"

namespace sameseed {

// The middle's attention: pixels as tokens, one head, behind a group norm, added to its input.
class VaeAttention {
 public:
  VaeAttention(Backend& make, const Weights& at, std::int64_t channels, std::int64_t groups);
  // x [n, channels, h, w] -> the same shape
  Tensor forward(const Tensor& x) const;

 private:
  std::unique_ptr<GroupNorm> group_norm_;
  SelfAttention attention_;
};

class VaeDecoder {
 public:
  VaeDecoder(Backend& make, const Weights& at, const VaeConfig& config);

  // Final latents of the sampler [n, 4, h, w], in any type -> image [n, 3, scale * h, scale * w] in
  // about -1..1.
  Tensor decode(const Tensor& latents) const;

 private:
  struct UpBlock {
    std::vector<ResnetBlock> resnets;
    std::unique_ptr<Upsampler> upsampler;
  };

  VaeConfig config_;
  at::ScalarType type_;
  at::MemoryFormat memory_format_;
  std::unique_ptr<Conv2d> post_quant_conv_, conv_in_;
  std::vector<ResnetBlock> mid_resnets_;
  std::unique_ptr<VaeAttention> mid_attention_;
  std::vector<UpBlock> up_blocks_;
  std::unique_ptr<GroupNorm> conv_norm_out_;
  std::unique_ptr<Conv2d> conv_out_;
};

// Tensors of a checkpoint that decoding does not need: the encoder's.
bool belongs_to_vae_encoder(const std::string& name);

}  // namespace sameseed
