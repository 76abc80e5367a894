#include "pipeline/model/weight_files.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

// The files of a folder that its index names.
std::set<std::string> shards_of(const std::filesystem::path& index) {
  const nlohmann::json listed = read_json(index);
  if (!listed.is_object() || !listed.contains("weight_map") || !listed.at("weight_map").is_object())
    throw UserError(index.string() + ": weight_map: not an object of tensor names and file names");
  std::set<std::string> shards;
  for (const auto& [name, file] : listed.at("weight_map").items()) {
    if (!file.is_string() || std::filesystem::path(file.get<std::string>()).has_parent_path())
      throw UserError(fmt::format("{}: weight_map[\"{}\"]: not the name of a file in this folder",
                                  index.string(), name));
    shards.insert(file.get<std::string>());
  }
  return shards;
}

}  // namespace

WeightFiles weight_files(const std::filesystem::path& folder, const std::string& stem,
                         const std::string& variant) {
  const std::string infix = variant.empty() ? "" : "." + variant;
  const std::filesystem::path single = folder / (stem + infix + ".safetensors"),
                              index = folder / (stem + ".safetensors.index" + infix + ".json");
  const bool one = std::filesystem::exists(single), many = std::filesystem::exists(index);
  WeightFiles found;
  if (many && (!one || stem != "model"))
    for (const std::string& shard : shards_of(index)) found.files.push_back(folder / shard);
  else if (one)
    found.files.push_back(single);
  if (one && many) found.left_out = stem == "model" ? index.string() : single.string();
  return found;
}

WeightFiles require_weight_files(const std::filesystem::path& folder, const std::string& stem,
                                 const std::string& variant) {
  WeightFiles found = weight_files(folder, stem, variant);
  if (!found.files.empty()) return found;
  std::string there;
  if (std::filesystem::is_directory(folder))
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (entry.path().filename().string().starts_with(stem))
        there += fmt::format(" {}", entry.path().filename().string());
  throw UserError(fmt::format(
      "{}: no {}{}.safetensors and no index for it{}; choose another --variant, or convert the "
      "weights to safetensors",
      folder.string(), stem, variant.empty() ? "" : "." + variant,
      there.empty() ? "" : " (there is:" + there + ")"));
}

const char* weight_stem(const std::string& component) {
  return component.starts_with("text_encoder") ? "model" : "diffusion_pytorch_model";
}

}  // namespace sameseed
