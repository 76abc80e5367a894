// scheduler_config.json: which sampler it names, and its options.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/schedulers/scheduler.h"

namespace sameseed {

// `file`: a scheduler_config.json. `name`: another class to read it as, as diffusers' from_config
// does; empty: the one that it names. Fields that the class does not have are ignored, as in
// diffusers, and named in `warnings`. Throws UserError that names the file and every field it
// cannot take.
MakeScheduler read_scheduler(const std::filesystem::path& file, const std::string& name,
                             std::vector<std::string>& warnings);

// Of a model's folder. `other`: LoadOptions::scheduler.
MakeScheduler read_model_scheduler(const std::filesystem::path& model, const std::string& other,
                                   std::vector<std::string>& warnings);

}  // namespace sameseed
