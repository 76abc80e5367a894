#include "pipeline/model_check.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

#include "io/safetensors.h"
#include "pipeline/model/pipeline_config.h"
#include "pipeline/model/weight_files.h"
#include "pipeline/schedulers/sampler_choice.h"
#include "pipeline/text/text_encoder_config.h"
#include "pipeline/text/tokenizer.h"
#include "pipeline/unet/unet_config.h"
#include "pipeline/vae/vae_config.h"

namespace sameseed {

void check_model(const nlohmann::json& load) {
  const std::filesystem::path model = load.at("model").get<std::string>();
  const std::string other_vae = load.value("vae", ""), variant = load.value("variant", "");
  const std::filesystem::path vae =
      other_vae.empty() ? model / "vae" : std::filesystem::path(other_vae);
  read_pipeline_config(model);
  check_sampler(model, load.value("scheduler", ""));
  read_unet_config(model / "unet");
  read_vae_config(vae);
  for (const char* encoder : {"text_encoder", "text_encoder_2"})
    read_text_encoder_config(model / encoder);
  for (const char* tokenizer : {"tokenizer", "tokenizer_2"}) Tokenizer::open(model / tokenizer);
  const std::pair<const char*, std::filesystem::path> components[] = {
      {"unet", model / "unet"},
      {"vae", vae},
      {"text_encoder", model / "text_encoder"},
      {"text_encoder_2", model / "text_encoder_2"}};
  const bool any_variant = std::ranges::any_of(components, [&](const auto& component) {
    return !weight_files(component.second, weight_stem(component.first), variant).files.empty();
  });
  for (const auto& [name, folder] : components) {
    const char* stem = weight_stem(name);
    // As in diffusers, one that lacks the variant is read from its plain files where others have
    // it.
    const bool has_it = !weight_files(folder, stem, variant).files.empty();
    const WeightFiles found =
        require_weight_files(folder, stem, has_it || !any_variant ? variant : "");
    for (const std::filesystem::path& file : found.files) SafetensorsFile::open(file);
  }
}

}  // namespace sameseed
