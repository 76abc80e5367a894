// Which tensors an SDXL model holds, worked out from its config.json files.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace sameseed {

// What a tensor is for, as far as random values have to know.
enum class TensorRole {
  kMatrix,          // of a linear layer or a convolution
  kResidualMatrix,  // the same, the last of a branch whose output is added to its input
  kEmbedding,
  kNormWeight,
  kBias,
};

struct TensorLayout {
  std::string name;  // as in the checkpoint
  std::vector<std::int64_t> shape;
  TensorRole role;
};

// `component` is "unet", "vae", "text_encoder" or "text_encoder_2"; `config` is its config.json of
// an SDXL (diffusers' UNet2DConditionModel and AutoencoderKL, transformers' CLIPTextModel). Throws
// nlohmann::json's exceptions where fields are missing.
std::vector<TensorLayout> layout_of(const std::string& component, const nlohmann::json& config);

}  // namespace sameseed
