// LoRA files: what they change in a model, read and checked. Fusing is lora_fuse's.
//
// Read are the names of diffusers, PEFT and kohya, as diffusers 0.42.1 takes them in
// load_lora_weights (huggingface/diffusers:src/diffusers/loaders/lora_conversion_utils.py and
// utils/state_dict_utils.py). What it cannot read, and what is more than the plain product of two
// matrices, is refused by file and key.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/safetensors.h"
#include "pipeline/model/lora_choice.h"
#include "pipeline/model/lora_layers.h"

namespace sameseed {

// A file of a LoRA and what lies beside it.
struct LoraSource {
  std::filesystem::path file, config;  // config: PEFT's adapter_config.json, or empty
  std::string component;               // of which a folder's name tells, or ""
};

// `path`: a .safetensors file, or a folder: with pytorch_lora_weights.safetensors (diffusers), with
// adapter_model.safetensors and adapter_config.json (PEFT), with such folders named unet,
// text_encoder and text_encoder_2, or with one .safetensors file. Throws UserError where there is
// none.
std::vector<LoraSource> lora_sources(const std::filesystem::path& path);

// The weight TENSOR of COMPONENT gains (up x down) x scaling.
struct LoraDelta {
  std::string component, tensor;
  TensorView down;  // [rank, in] or [rank, in, height, width]; F32, F16 or BF16
  TensorView up;    // [out, rank] or [out, rank, 1, 1]
  double scaling = 1;
};

struct LoraSet {
  std::vector<SafetensorsFile> files;  // which the views point into
  std::vector<LoraDelta> deltas;       // in the order of fusing
  std::vector<std::string> warnings;

  std::vector<LoraDelta> of(const std::string& component) const;
};

// Throws UserError that names file, key and what would do.
LoraSet read_loras(const std::vector<LoraChoice>& choices, const LoraLayers& layers);

// What can be known before a model is loaded: throws as read_loras() does. Where the model's
// weights are not there, only the files are looked for.
void check_loras(const std::vector<LoraChoice>& choices, const std::filesystem::path& model,
                 const std::string& variant);

}  // namespace sameseed
