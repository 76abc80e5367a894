// MODEL/model_index.json.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sameseed {

struct PipelineConfig {
  bool force_zeros_for_empty_prompt = true;
  std::string scheduler_class;        // "EulerDiscreteScheduler"
  std::vector<std::string> warnings;  // of parts that SDXL's pipeline does not have
};

// Throws UserError that names the file and every field it cannot take: a part of another class than
// SDXL's, one that is not there, and a scheduler whose own file names another class.
PipelineConfig read_pipeline_config(const std::filesystem::path& model);

}  // namespace sameseed
