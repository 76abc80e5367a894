#include "pipeline/env_flags.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

namespace sameseed {
namespace {

struct EnvFlag {
  const char* name;
  Switch EnvFlags::*field;
};

constexpr std::array<EnvFlag, 3> kEnvFlags = {{
    {kConvHalf, &EnvFlags::conv_half},
    {kMatmulHalf, &EnvFlags::matmul_half},
    {kAttentionHalf, &EnvFlags::attention_half},
}};

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
  for (const EnvFlag& flag : kEnvFlags)
    if (const char* text = std::getenv(flag.name))
      flags.*flag.field = is_true(text) ? Switch::kOn : Switch::kOff;
  return flags;
}

nlohmann::json effective(const EnvFlags& flags) {
  nlohmann::json result = nlohmann::json::object();
  for (const EnvFlag& flag : kEnvFlags)
    result[flag.name] = {{"value", value_of(flag.name)},
                         {"means", is_on(flags.*flag.field) ? "on" : "off"},
                         {"default", flags.*flag.field == Switch::kUnset},
                         {"acts", true}};
  return result;
}

nlohmann::json not_acting(const char* variable, const char* reason) {
  return {{"value", value_of(variable)}, {"acts", false}, {"reason", reason}};
}

}  // namespace sameseed
