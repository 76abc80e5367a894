#include "pipeline/model/pipeline_config.h"

#include <fmt/format.h>

#include "io/error.h"
#include "pipeline/model/config_fields.h"

namespace sameseed {

PipelineConfig read_pipeline_config(const std::filesystem::path& model) {
  if (!std::filesystem::is_directory(model))
    throw UserError(model.string() +
                    ": no such folder; name one in diffusers' layout (with model_index.json)");
  ConfigFields fields(model / "model_index.json");
  fields.only("_class_name", {"StableDiffusionXLPipeline"});
  PipelineConfig config;
  config.force_zeros_for_empty_prompt = fields.get("force_zeros_for_empty_prompt", true);
  fields.finish();
  return config;
}

}  // namespace sameseed
