// MODEL/model_index.json.
#pragma once

#include <filesystem>

namespace sameseed {

struct PipelineConfig {
  bool force_zeros_for_empty_prompt = true;
};

// Throws UserError that names the file and every field it cannot take.
PipelineConfig read_pipeline_config(const std::filesystem::path& model);

}  // namespace sameseed
