// alpha / rank of each layer of a LoRA, as diffusers 0.42.1 and PEFT find it.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/model/lora_layers.h"

namespace sameseed {

struct RankedLayer {
  const LoraLayer* layer = nullptr;
  std::int64_t rank = 0;
  std::optional<double> alpha;  // the file's own: kohya's
  std::string key;              // of its lower half, for messages
};

struct LoraAlpha {
  double alpha = 0;
  bool by_root = false;  // divided by the root of the rank (rsLoRA) instead of the rank

  // What the product of both halves is multiplied by, in PEFT's order of rounding.
  double scaling(double asked, std::int64_t rank) const;
};

// The layers of one component of one file, in its order. Where the file says no alpha, alpha is the
// rank. diffusers keeps a layer's own alpha only where its name survives the way to PEFT: not in
// the UNet's attention and not in the text encoders, but for the second one's fc1 and fc2. The
// others get the commonest of the component, and a line in `warnings` where that is another. Throws
// UserError where two are equally common and it matters: diffusers' choice is a chance of order.
std::vector<LoraAlpha> alphas_of_file(const std::vector<RankedLayer>& layers,
                                      const std::string& file, std::vector<std::string>& warnings);

// By PEFT's LoraConfig, which stands in adapter_config.json or in a file's own metadata. Throws
// UserError that names `where` for what is more than plain LoRA, and for other ranks than the
// file's.
std::vector<LoraAlpha> alphas_of_config(const std::vector<RankedLayer>& layers,
                                        const nlohmann::json& config, const std::string& where);

}  // namespace sameseed
