#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "io/error.h"
#include "pipeline/model/lora.h"

namespace sameseed {
namespace {

namespace fs = std::filesystem;

constexpr const char *kOfDiffusers = "pytorch_lora_weights.safetensors",
                     *kOfPeft = "adapter_model.safetensors", *kPeftConfig = "adapter_config.json";

bool is_pickle(const fs::path& file) {
  for (const char* end : {".bin", ".pt", ".pth", ".ckpt", ".pkl"})
    if (file.extension() == end) return true;
  return false;
}

[[noreturn]] void refuse_pickle(const fs::path& file) {
  throw UserError(file.string() +
                  ": is a pickle, which may run programs when it is opened; convert it: "
                  "safetensors.torch.save_file(torch.load(FILE, weights_only=True), "
                  "\"NAME.safetensors\")");
}

bool is_component(const std::string& name) {
  return name == "unet" || name == "text_encoder" || name == "text_encoder_2";
}

LoraSource source_of(const fs::path& file) {
  LoraSource source{.file = file};
  const fs::path config = file.parent_path() / kPeftConfig;
  if (file.filename() != kOfPeft || !fs::exists(config)) return source;
  source.config = config;
  if (const std::string folder = fs::absolute(file).parent_path().filename(); is_component(folder))
    source.component = folder;
  return source;
}

// The one file of a folder that has no name of diffusers or PEFT.
fs::path only_file(const fs::path& folder) {
  std::vector<std::string> names;
  fs::path pickle;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors") names.push_back(entry.path().filename());
    if (is_pickle(entry.path())) pickle = entry.path();
  }
  std::ranges::sort(names);
  if (names.size() == 1) return folder / names.front();
  if (names.empty() && !pickle.empty()) refuse_pickle(pickle);
  throw UserError(
      fmt::format("{}: {}; name a .safetensors file, or a folder with {} or {}", folder.string(),
                  names.empty() ? "holds no LoRA" : fmt::format("holds {}", fmt::join(names, ", ")),
                  kOfDiffusers, kOfPeft));
}

}  // namespace

std::vector<LoraSource> lora_sources(const fs::path& path) {
  if (!fs::exists(path))
    throw UserError(path.string() +
                    ": no such LoRA; name a .safetensors file, or a folder that holds one");
  if (!fs::is_directory(path)) {
    if (is_pickle(path)) refuse_pickle(path);
    return {source_of(path)};
  }
  for (const char* name : {kOfDiffusers, kOfPeft})
    if (fs::exists(path / name)) return {source_of(path / name)};
  std::vector<LoraSource> sources;
  for (const char* component : {"unet", "text_encoder", "text_encoder_2"})
    if (const fs::path file = path / component / kOfPeft; fs::exists(file))
      sources.push_back(source_of(file));
  if (sources.empty()) sources.push_back(source_of(only_file(path)));
  return sources;
}

}  // namespace sameseed
