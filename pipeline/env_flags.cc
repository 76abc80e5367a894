#include "pipeline/env_flags.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sameseed {
namespace {

struct EnvFlag {
  const char* name;
  Switch EnvFlags::*field;
  std::vector<std::string> networks;
};

// onediffx's compile_pipe compiles the text encoders as well as the UNet
// (siliconflow/onediff:onediff_diffusers_extensions/onediffx/compilers/diffusion_pipeline_compiler.py).
// The VAE, which it compiles too, it leaves in fp32 where its config says force_upcast, as SDXL's
// does, so that no switch acts on it; here none ever does.
const std::vector<EnvFlag>& env_flags() {
  static const std::vector<EnvFlag> flags = {
      {kConvHalf, &EnvFlags::conv_half, {"unet"}},
      {kMatmulHalf, &EnvFlags::matmul_half, {"unet", "text"}},
      {kAttentionHalf, &EnvFlags::attention_half, {"unet"}},
  };
  return flags;
}

nlohmann::json value_of(const char* variable) {
  const char* text = std::getenv(variable);
  return text ? nlohmann::json(text) : nlohmann::json();
}

}  // namespace

bool is_true(const char* text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower == "1" || lower == "true" || lower == "yes" || lower == "on" || lower == "y";
}

EnvFlags read_env_flags() {
  EnvFlags flags;
  for (const EnvFlag& flag : env_flags())
    if (const char* text = std::getenv(flag.name))
      flags.*flag.field = is_true(text) ? Switch::kOn : Switch::kOff;
  return flags;
}

nlohmann::json effective(const EnvFlags& flags) {
  nlohmann::json result = nlohmann::json::object();
  for (const EnvFlag& flag : env_flags())
    result[flag.name] = {{"value", value_of(flag.name)},
                         {"means", is_on(flags.*flag.field) ? "on" : "off"},
                         {"default", flags.*flag.field == Switch::kUnset},
                         {"acts", true},
                         {"networks", flag.networks}};
  return result;
}

nlohmann::json not_acting(const char* variable, const char* reason) {
  return {{"value", value_of(variable)}, {"acts", false}, {"reason", reason}};
}

}  // namespace sameseed
