// The value of `load.lora`: which LoRAs are fused into the model, in which order and how strongly.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace sameseed {

struct LoraChoice {
  std::string path;  // a .safetensors file, or a folder with one
  double scale = 1;  // on top of the file's own alpha / rank
};

// null or []: none; "FILE", {"path": "FILE", "scale": 0.8}, or a list of these, fused in its order.
// Throws UserError that begins with "lora: " and says what would do.
std::vector<LoraChoice> read_lora_choices(const nlohmann::json& value);

// Always a list, of objects with both fields.
nlohmann::json to_json(const std::vector<LoraChoice>& choices);

}  // namespace sameseed
