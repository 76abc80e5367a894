#include "pipeline/model/pipeline_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "io/files.h"
#include "pipeline/model/config_fields.h"
#include "pipeline/model/model_files.h"

namespace sameseed {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

// The parts of StableDiffusionXLPipeline, as [library, class]. Those that a prompt needs must be
// there; the others may be, and do nothing here.
struct Part {
  const char *name, *library, *class_name;
  bool needed;
};
constexpr std::array<Part, 8> kParts = {{
    {"text_encoder", "transformers", "CLIPTextModel", true},
    {"text_encoder_2", "transformers", "CLIPTextModelWithProjection", true},
    {"tokenizer", "transformers", "CLIPTokenizer", true},
    {"tokenizer_2", "transformers", "CLIPTokenizer", true},
    {"unet", "diffusers", "UNet2DConditionModel", true},
    {"vae", "diffusers", "AutoencoderKL", true},
    {"image_encoder", "transformers", "CLIPVisionModelWithProjection", false},
    {"feature_extractor", "transformers", "CLIPImageProcessor", false},
}};

// Names that transformers gives the same class.
std::string current_class(const std::string& name) {
  if (name == "CLIPTokenizerFast") return "CLIPTokenizer";
  if (name == "CLIPFeatureExtractor" || name == "CLIPImageProcessorFast")
    return "CLIPImageProcessor";
  return name;
}

bool is_pair(const json& value) { return value.is_array() && value.size() == 2; }

bool is_absent(const json& value) {
  return value.is_null() || (is_pair(value) && value[0].is_null());
}

void check_part(ConfigFields& fields, const Part& part) {
  const json value = fields.raw(part.name);
  if (is_absent(value)) {
    if (part.needed)
      fields.complain(
          part.name, fmt::format("SDXL needs it: [\"{}\", \"{}\"]", part.library, part.class_name));
    return;
  }
  if (!is_pair(value) || value[0] != part.library || !value[1].is_string() ||
      current_class(value[1]) != part.class_name)
    fields.complain(part.name, fmt::format("is not supported: SDXL's own is [\"{}\", \"{}\"]",
                                           part.library, part.class_name));
}

// The class that the index names decides, as in diffusers; the scheduler's file must not name
// another, since its options were meant for that.
std::string scheduler_class(ConfigFields& fields, const fs::path& model) {
  const json value = fields.raw("scheduler");
  if (!is_pair(value) || value[0] != "diffusers" || !value[1].is_string()) {
    fields.complain("scheduler", "needs a class of diffusers: [\"diffusers\", \"CLASS\"]");
    return "";
  }
  const std::string named = value[1];
  const fs::path file = model / kSchedulerConfig;
  if (!fs::exists(file)) return named;  // whoever reads the scheduler says that it is missing
  const json config = read_config(file);
  const json own = config.is_object() ? config.value("_class_name", json("EulerDiscreteScheduler"))
                                      : json(named);
  if (own != named)
    fields.complain("scheduler",
                    fmt::format("{} names another class, {}; write the one that is meant in both",
                                file.string(), own.dump()));
  return named;
}

// diffusers leaves out what its pipeline has no use for, with a warning.
void note_other_fields(ConfigFields& fields, std::vector<std::string>& warnings) {
  for (const std::string& name : fields.unknown())
    if (const json value = fields.raw(name); !is_absent(value))
      warnings.push_back(fmt::format("{}: {} = {}: SDXL has no such part; it is left out",
                                     fields.path().string(), name, value.dump()));
}

}  // namespace

PipelineConfig read_pipeline_config(const fs::path& model) {
  require_model_folder(model);
  ConfigFields fields(model / "model_index.json");
  fields.only("_class_name", {"StableDiffusionXLPipeline"});
  fields.finish();  // another pipeline has other parts
  PipelineConfig config;
  config.force_zeros_for_empty_prompt = fields.get("force_zeros_for_empty_prompt", true);
  fields.only("add_watermarker", {false});  // it would change the picture
  for (const Part& part : kParts) check_part(fields, part);
  config.scheduler_class = scheduler_class(fields, model);
  note_other_fields(fields, config.warnings);
  fields.finish();
  return config;
}

}  // namespace sameseed
