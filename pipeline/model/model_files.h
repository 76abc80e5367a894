// Which files of a model decide what its pictures are.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sameseed {

// Throws UserError, with what would do, where this is no folder that may hold a model.
void require_model_folder(const std::filesystem::path& model);

// Where a model's own sampler is told of.
inline constexpr const char* kSchedulerConfig = "scheduler/scheduler_config.json";

// `other` as in LoadOptions::scheduler: empty, a file, a folder, or else the name of a class.
bool names_scheduler_class(const std::string& other);

// The scheduler_config.json that the sampler is read from: the model's own, or that of another file
// or folder.
std::filesystem::path scheduler_file(const std::filesystem::path& model, const std::string& other);

// Name within the model ("unet/config.json"; a VAE of another folder is "vae/...") -> file.
using ModelFiles = std::map<std::string, std::filesystem::path>;

// The files that a load read: the weights that the worker's answer names, and beside them their
// configs, index, tokenizers, scheduler and LoRAs ("lora/1/NAME": of the first). `load` holds
// `model` and `vae`.
ModelFiles files_of_load(const nlohmann::json& load, const nlohmann::json& answered_files);

// Every file that a pipeline may read, for an engine that does not say.
ModelFiles all_model_files(const nlohmann::json& load);

}  // namespace sameseed
