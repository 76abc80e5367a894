// CLIP's text encoders (transformers' CLIPTextModel and CLIPTextModelWithProjection), as SDXL uses
// them.
#pragma once

#include <memory>
#include <vector>

#include "pipeline/layers/backend.h"
#include "pipeline/text/text_encoder_config.h"

namespace sameseed {

struct TextEncoding {
  Tensor hidden;  // [n, tokens, hidden_size]: output of a layer, without the final norm
  Tensor pooled;  // [n, projection_dim]: projected end-of-text row; undefined without a projection
};

class TextEncoder {
 public:
  TextEncoder(Backend& make, const Weights& at, const TextEncoderConfig& config,
              bool with_projection);

  // ids [n, tokens], int64. `hidden` is what the last layer but one puts out, or one `skip` layers
  // before it; with a skip of layers() - 1 what goes into the first.
  TextEncoding encode(const Tensor& ids, int skip = 0) const;

  int layers() const { return static_cast<int>(layers_.size()); }

  std::int64_t vocabulary() const { return config_.vocab_size; }  // of how many tokens

 private:
  struct Layer {
    std::unique_ptr<LayerNorm> layer_norm1, layer_norm2;
    std::unique_ptr<LinearGroup> qkv_proj;
    std::unique_ptr<Linear> out_proj, fc1, fc2;
  };

  Tensor run(const Layer& layer, const Tensor& x) const;
  Tensor end_of_text_rows(const Tensor& hidden, const Tensor& ids) const;

  TextEncoderConfig config_;
  Backend& backend_;
  Tensor token_embedding_, position_embedding_;
  std::vector<Layer> layers_;
  std::unique_ptr<LayerNorm> final_layer_norm_;
  std::unique_ptr<Linear> text_projection_;
};

}  // namespace sameseed
