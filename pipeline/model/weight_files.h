// Where the weights of a component lie on disk.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sameseed {

struct WeightFiles {
  std::vector<std::filesystem::path> files;  // to read; empty: there are none
  std::string left_out;  // the single file or the index that lies beside them, or ""
};

// FOLDER/STEM[.VARIANT].safetensors, or the shards that its index names. Where both are there: the
// shards, as diffusers does; the single file of "model", as transformers does. Throws UserError
// for an index that names no files of this folder.
WeightFiles weight_files(const std::filesystem::path& folder, const std::string& stem,
                         const std::string& variant);

// The same, where there are any. Throws UserError, with what is there and what would do, else.
WeightFiles require_weight_files(const std::filesystem::path& folder, const std::string& stem,
                                 const std::string& variant);

// "model" for the text encoders, else "diffusion_pytorch_model".
const char* weight_stem(const std::string& component);

}  // namespace sameseed
