// SDXL's UNet (diffusers' UNet2DConditionModel), whole or, on DeepCache's partial steps, only its
// outer shell.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/layers/backend.h"
#include "pipeline/layers/resnet.h"
#include "pipeline/layers/transformer.h"
#include "pipeline/unet/deepcache.h"
#include "pipeline/unet/embeddings.h"
#include "pipeline/unet/unet_config.h"
#include "pipeline/watch/observer.h"

namespace sameseed {

struct UnetInput {
  // [n, in_channels, h, w], already scaled by the scheduler. Half as many where both halves of
  // guidance enter with the same: what lies before the text's first influence is computed once.
  Tensor sample;
  Tensor timestep;      // scalar, float32
  TextContext context;  // text: [n, 77, cross_attention_dim]
  Tensor text_embeds;   // [n, pooled width]
  Tensor time_ids;      // [n, 6]
  // Unet::time_projections of this step where they were made before the loop, else undefined.
  Tensor projections;
};

// What DeepCache keeps from the last full step of one image: the hidden state that enters the first
// recomputed resnet of the up path, before its skip connection is joined on.
struct UnetCache {
  std::int64_t skips =
      0;  // skip connections that a partial step computes; the up path starts where they are used
  Tensor hidden;
  // Where that resnet can be split: in the place of `hidden`, what it makes of it.
  const SplitResnet* split = nullptr;
  SplitResnet::Kept kept;

  // What a full step leaves to the partial ones behind it.
  std::vector<Tensor> tensors() const;
  void set_tensors(const std::vector<Tensor>& tensors);
};

class Unet {
 public:
  Unet(Backend& make, const Weights& at, const UnetConfig& config);

  // The cache of one image; throws UserError where this UNet has no such place. `split`: what a
  // resnet makes of the cached tensor is kept as well, where that can be had.
  UnetCache make_cache(const DeepCache& setting, bool split = false) const;

  // What depends on no picture and can be made before the loop: the time embedding's projections of
  // all resnets for timesteps [steps] -> [steps, n, sum of their channels], and what the
  // cross-attentions make of the text.
  Tensor time_projections(const UnetInput& input, const Tensor& timesteps) const;
  std::vector<KeysValues> keys_values(const Tensor& text) const;

  // Noise prediction [n, out_channels, h, w]. A full step fills `cache` where there is one; a
  // partial one reads it.
  Tensor forward(const UnetInput& input, UnetCache* cache = nullptr, bool partial = false,
                 Observer* observer = nullptr) const;

  // The blocks that an observer sees, in the order of computing: "conv_in", "down_blocks.0", ...,
  // "mid_block", "up_blocks.0", ..., "conv_out".
  std::vector<std::string> block_names() const;

 private:
  struct DownBlock {
    std::vector<ResnetBlock> resnets;
    std::vector<Transformer> attentions;  // none, or one behind each resnet
    std::unique_ptr<Conv2d> downsampler;
  };
  struct UpBlock {
    std::vector<ResnetBlock> resnets;
    std::vector<Transformer> attentions;
    std::unique_ptr<Upsampler> upsampler;
  };

  // The resnets with their transformers, in the order of computing.
  struct Part {
    const ResnetBlock* resnet;
    const Transformer* attention;  // or null
  };
  struct Conditioning;

  std::int64_t skip_channels(std::int64_t skips) const;
  const SplitResnet* split_at(std::int64_t skips) const;

  std::vector<Part> parts() const;
  Tensor embed(const UnetInput& input) const;
  Tensor embed_times(const Tensor& timesteps) const;
  Tensor embed_conditions(const UnetInput& input) const;
  std::vector<Tensor> down(const Tensor& sample, const Conditioning& by, std::size_t most,
                           Observer* observer) const;
  Tensor mid(const Tensor& x, const Conditioning& by) const;

  UnetConfig config_;
  at::ScalarType type_;
  at::MemoryFormat memory_format_;
  std::unique_ptr<Conv2d> conv_in_;
  TimestepEmbedding time_embedding_, add_embedding_;
  std::vector<DownBlock> down_blocks_;
  std::vector<ResnetBlock> mid_resnets_;
  std::vector<Transformer> mid_attentions_;
  std::vector<UpBlock> up_blocks_;
  std::unique_ptr<GroupNorm> conv_norm_out_;
  std::unique_ptr<Conv2d> conv_out_;
  // By skips; made when a cache first asks, since each holds a part of its block's weights again.
  mutable std::map<std::int64_t, std::unique_ptr<SplitResnet>> splits_;
};

}  // namespace sameseed
