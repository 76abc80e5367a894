// The layers of a model that a LoRA may change, and what kohya calls them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sameseed {

struct LoraLayer {
  std::string component;  // "unet", "text_encoder" or "text_encoder_2"
  // As PEFT knows it, which is the checkpoint's name but for the first encoder's "text_model.",
  // that transformers 5 leaves out.
  std::string module;
  std::string tensor;                // of its weight, in the checkpoint
  std::vector<std::int64_t> weight;  // shape: [out, in] or [out, in, height, width]
};

using TensorShapes = std::map<std::string, std::vector<std::int64_t>>;  // by checkpoint name

class LoraLayers {
 public:
  // From the headers of a model's files; nothing where a component has none. Throws UserError for
  // a file that is broken.
  static std::optional<LoraLayers> of_model(const std::filesystem::path& model,
                                            const std::string& variant);

  explicit LoraLayers(const std::map<std::string, TensorShapes>& components);

  // `module` as PEFT or the checkpoint names it; null: the component has no such layer.
  const LoraLayer* find(const std::string& component, const std::string& module) const;

  // "lora_unet_input_blocks_4_1_proj_in", "lora_te1_text_model_encoder_layers_0_mlp_fc1": both the
  // names of the original SDXL code and diffusers' own with _ for dots. Null: there is none.
  const LoraLayer* find_kohya(const std::string& name) const;

 private:
  void add(const std::string& component, const std::string& tensor,
           const std::vector<std::int64_t>& shape, std::int64_t layers_per_block);

  std::map<std::string, LoraLayer> by_module_;  // COMPONENT.MODULE
  std::map<std::string, std::string> kohya_;    // -> COMPONENT.MODULE
};

}  // namespace sameseed
