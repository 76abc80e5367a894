#include "pipeline/model/model_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "io/error.h"
#include "pipeline/model/lora.h"

namespace sameseed {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

// What pipeline/model, schedulers, text, unet and vae read beside weights.
constexpr const char* kIndex = "model_index.json";
constexpr const char* kOfTokenizer[] = {"tokenizer_config.json", "special_tokens_map.json",
                                        "added_tokens.json", "tokenizer.json"};
constexpr const char* kEndings[] = {".safetensors", ".json", ".txt", ".bin", ".model", ".ckpt"};

void add(ModelFiles& files, const std::string& name, const fs::path& file) {
  std::error_code ignored;
  if (fs::is_regular_file(file, ignored)) files[name] = file;
}

void add_paths(const json& value, std::set<fs::path>& paths) {
  if (value.is_structured())
    for (const json& inner : value) add_paths(inner, paths);
  else if (value.is_string() && value.get<std::string>().starts_with('/'))
    paths.insert(value.get<std::string>());
}

// "unet/diffusion_pytorch_model.safetensors"; outside both folders the last two names.
std::string name_of(const fs::path& file, const fs::path& model, const fs::path& vae) {
  const auto below = [&](const fs::path& folder) {
    const std::string name = file.lexically_relative(folder).generic_string();
    return name.starts_with("..") ? std::string() : name;
  };
  if (!vae.empty())
    if (const std::string name = below(vae); !name.empty()) return "vae/" + name;
  if (const std::string name = below(model); !name.empty()) return name;
  return (file.parent_path().filename() / file.filename()).generic_string();
}

void add_folder(ModelFiles& files, const std::string& prefix, const fs::path& folder) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename();
    if (std::ranges::any_of(kEndings, [&](const char* end) { return name.ends_with(end); }))
      add(files, prefix + name, entry.path());
  }
}

// A LoRA that cannot be read has no files; whoever reads it says why.
void add_loras(ModelFiles& files, const json& load) try {
  std::size_t number = 0;
  for (const LoraChoice& choice : read_lora_choices(load.value("lora", json()))) {
    ++number;
    const fs::path path = choice.path;
    for (const LoraSource& source : lora_sources(path)) {
      const fs::path inside = source.file.lexically_relative(path);
      const fs::path name =
          fmt::format("lora/{}", number) / (inside == "." ? source.file.filename() : inside);
      add(files, name.generic_string(), source.file);
      if (!source.config.empty())
        add(files, (name.parent_path() / source.config.filename()).generic_string(), source.config);
    }
  }
} catch (const UserError&) {
} catch (const fs::filesystem_error&) {
}

}  // namespace

bool names_scheduler_class(const std::string& other) {
  std::error_code ignored;
  return !other.empty() && !std::filesystem::exists(other, ignored);
}

std::filesystem::path scheduler_file(const std::filesystem::path& model, const std::string& other) {
  std::error_code ignored;
  if (other.empty() || names_scheduler_class(other)) return model / kSchedulerConfig;
  if (std::filesystem::is_directory(other, ignored))
    return std::filesystem::path(other) / "scheduler_config.json";
  return other;
}

void require_model_folder(const fs::path& model) {
  if (fs::is_directory(model)) return;
  if (fs::exists(model))
    throw UserError(
        model.string() +
        ": is a file; a model is a folder in diffusers' layout (with model_index.json). diffusers "
        "makes one of a checkpoint: StableDiffusionXLPipeline.from_single_file(FILE)"
        ".save_pretrained(DIR)");
  throw UserError(model.string() +
                  ": no such folder; name one in diffusers' layout (with model_index.json)");
}

ModelFiles files_of_load(const json& load, const json& answered_files) {
  const fs::path model = load.value("model", ""), vae = load.value("vae", "");
  std::set<fs::path> weights;
  for (const auto& [component, read] : answered_files.items())
    if (component != "lora") add_paths(read, weights);
  ModelFiles files;
  for (const fs::path& file : weights) {
    const fs::path folder = file.parent_path();
    add(files, name_of(file, model, vae), file);
    add(files, name_of(folder / "config.json", model, vae), folder / "config.json");
    if (file.filename().string().find("-of-") == std::string::npos) continue;
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored))
      if (entry.path().filename().string().find(".safetensors.index") != std::string::npos)
        add(files, name_of(entry.path(), model, vae), entry.path());
  }
  add(files, kIndex, model / kIndex);
  add(files, kSchedulerConfig,
      scheduler_file(load.value("model", ""), load.value("scheduler", "")));
  add_loras(files, load);
  for (const char* folder : {"tokenizer", "tokenizer_2"}) {
    const std::string prefix = std::string(folder) + "/";
    for (const char* name : kOfTokenizer) add(files, prefix + name, model / folder / name);
    if (files.contains(prefix + "tokenizer.json")) continue;  // which holds these two
    for (const char* name : {"vocab.json", "merges.txt"})
      add(files, prefix + name, model / folder / name);
  }
  return files;
}

ModelFiles all_model_files(const json& load) {
  const fs::path model = load.value("model", ""), vae = load.value("vae", "");
  ModelFiles files;
  if (model.empty()) return files;
  add_folder(files, "", model);
  for (const char* name :
       {"scheduler", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "unet"})
    add_folder(files, std::string(name) + "/", model / name);
  add_folder(files, "vae/", vae.empty() ? model / "vae" : vae);
  files.erase(kSchedulerConfig);
  add(files, kSchedulerConfig,
      scheduler_file(load.value("model", ""), load.value("scheduler", "")));
  add_loras(files, load);
  return files;
}

}  // namespace sameseed
