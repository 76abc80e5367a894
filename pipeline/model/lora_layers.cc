#include "pipeline/model/lora_layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "io/safetensors.h"
#include "pipeline/model/weight_files.h"

namespace sameseed {
namespace {

constexpr const char* kTextModel = "text_model.";

std::string without(std::string text, const std::string& prefix) {
  if (text.starts_with(prefix)) text.erase(0, prefix.size());
  return text;
}

// "resnets.1.conv1" behind "down_blocks.2." -> {2, "resnets.1.conv1"}; nothing for other names.
std::optional<std::pair<std::int64_t, std::string>> numbered(const std::string& name,
                                                             const std::string& prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  std::int64_t number = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + prefix.size(), end, number);
  if (error != std::errc() || rest == end || *rest != '.') return std::nullopt;
  return std::pair{number, std::string(rest + 1, end)};
}

// What of a layer's name stands behind its block: "in_layers_2" for "conv1".
std::string sgm_tail(const std::string& name) {
  for (const auto& [ours, theirs] : {std::pair{"conv1", "in_layers_2"},
                                     {"time_emb_proj", "emb_layers_1"},
                                     {"conv2", "out_layers_3"},
                                     {"conv_shortcut", "skip_connection"}})
    if (name == ours) return theirs;
  return name;
}

// The number of a layer's block in the original SDXL code (Stability-AI/generative-models:
// sgm/modules/diffusionmodules/openaimodel.py), as diffusers counts back
// (huggingface/diffusers:src/diffusers/loaders/lora_conversion_utils.py).
std::string sgm_name(const std::string& module, std::int64_t layers_per_block) {
  for (const auto& [ours, theirs] : {std::pair{"conv_in", "input_blocks_0_0"},
                                     {"conv_out", "out_2"},
                                     {"time_embedding.linear_1", "time_embed_0"},
                                     {"time_embedding.linear_2", "time_embed_2"},
                                     {"add_embedding.linear_1", "label_emb_0_0"},
                                     {"add_embedding.linear_2", "label_emb_0_2"}})
    if (module == ours) return theirs;
  const std::int64_t per_block = layers_per_block + 1;
  for (const bool down : {true, false}) {
    const auto block = numbered(module, down ? "down_blocks." : "up_blocks.");
    if (!block) continue;
    const std::int64_t first = block->first * per_block + (down ? 1 : 0);
    const std::string blocks = down ? "input_blocks" : "output_blocks";
    if (const auto layer = numbered(block->second, "resnets."))
      return fmt::format("{}_{}_0_{}", blocks, first + layer->first, sgm_tail(layer->second));
    if (const auto layer = numbered(block->second, "attentions."))
      return fmt::format("{}_{}_1_{}", blocks, first + layer->first, layer->second);
    if (block->second == "downsamplers.0.conv")
      return fmt::format("{}_{}_0_op", blocks, first + layers_per_block);
    if (block->second == "upsamplers.0.conv")
      return fmt::format("{}_{}_2_conv", blocks, first + layers_per_block);
  }
  if (const auto resnet = numbered(module, "mid_block.resnets."))
    return fmt::format("middle_block_{}_{}", 2 * resnet->first, sgm_tail(resnet->second));
  if (const auto attention = numbered(module, "mid_block.attentions."))
    return fmt::format("middle_block_1_{}", attention->second);
  return "";
}

std::string with_underscores(std::string name) {
  std::ranges::replace(name, '.', '_');
  return name;
}

// diffusers gives ranks to these only.
bool is_text_layer(const std::string& module) {
  for (const char* end : {".q_proj", ".k_proj", ".v_proj", ".out_proj", ".fc1", ".fc2"})
    if (module.ends_with(end)) return true;
  return false;
}

}  // namespace

std::optional<LoraLayers> LoraLayers::of_model(const std::filesystem::path& model,
                                               const std::string& variant) {
  std::map<std::string, TensorShapes> components;
  for (const char* name : {"unet", "text_encoder", "text_encoder_2"}) {
    WeightFiles found = weight_files(model / name, weight_stem(name), variant);
    if (found.files.empty()) found = weight_files(model / name, weight_stem(name), "");
    if (found.files.empty()) return std::nullopt;
    for (const std::filesystem::path& path : found.files) {
      const SafetensorsFile file = SafetensorsFile::open(path);
      for (const auto& [tensor, view] : file.tensors()) components[name][tensor] = view.shape;
    }
  }
  return LoraLayers(components);
}

LoraLayers::LoraLayers(const std::map<std::string, TensorShapes>& components) {
  std::int64_t layers_per_block = 0;
  if (const auto unet = components.find("unet"); unet != components.end())
    while (unet->second.contains(
        fmt::format("down_blocks.0.resnets.{}.conv1.weight", layers_per_block)))
      ++layers_per_block;
  for (const auto& [component, tensors] : components)
    for (const auto& [tensor, shape] : tensors)
      if (tensor.ends_with(".weight") && (shape.size() == 2 || shape.size() == 4))
        add(component, tensor, shape, layers_per_block);
}

void LoraLayers::add(const std::string& component, const std::string& tensor,
                     const std::vector<std::int64_t>& shape, std::int64_t layers_per_block) {
  LoraLayer layer{component, tensor.substr(0, tensor.size() - std::string(".weight").size()),
                  tensor, shape};
  if (component == "unet") {
    kohya_["lora_unet_" + with_underscores(layer.module)] = "unet." + layer.module;
    if (const std::string name = sgm_name(layer.module, layers_per_block); !name.empty())
      kohya_["lora_unet_" + with_underscores(name)] = "unet." + layer.module;
  } else {
    // Some tools leave the prefix out of checkpoints.
    layer.module = without(layer.module, kTextModel);
    if (!is_text_layer(layer.module)) return;
    const std::string kohya = with_underscores(kTextModel + layer.module);
    if (component == "text_encoder_2") layer.module = kTextModel + layer.module;
    const std::string key = component + "." + layer.module;
    kohya_[(component == "text_encoder" ? "lora_te1_" : "lora_te2_") + kohya] = key;
    if (component == "text_encoder") kohya_["lora_te_" + kohya] = key;
  }
  by_module_.emplace(component + "." + layer.module, std::move(layer));
}

const LoraLayer* LoraLayers::find(const std::string& component, const std::string& module) const {
  const std::string name = component == "text_encoder" ? without(module, kTextModel) : module;
  const auto found = by_module_.find(component + "." + name);
  return found == by_module_.end() ? nullptr : &found->second;
}

const LoraLayer* LoraLayers::find_kohya(const std::string& name) const {
  const auto found = kohya_.find(name);
  return found == kohya_.end() ? nullptr : &by_module_.at(found->second);
}

}  // namespace sameseed
