#include "pipeline/schedulers/own_steps.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

// Whether set_timesteps() takes such a list. Where diffusers has the parameter and fails all the
// same, it counts as no: EDMEulerScheduler takes no list but a tensor, of places in its own ramp,
// and UniPCMultistepScheduler levels of flow matching only.
struct Takes {
  const char* name;
  bool timesteps = false, sigmas = false;
};
constexpr Takes kTakes[] = {
    {"EulerDiscreteScheduler", true, true},
    {"EulerAncestralDiscreteScheduler"},
    {"DPMSolverMultistepScheduler", true},
    {"EDMDPMSolverMultistepScheduler"},
    {"EDMEulerScheduler"},
    {"DDIMScheduler"},
    {"LCMScheduler", true},
    {"TCDScheduler", true},
    {"HeunDiscreteScheduler", true},
    {"UniPCMultistepScheduler"},
};

std::string refusal(const Takes& one, const char* list, bool Takes::*takes) {
  if (one.*takes) return "";
  std::vector<std::string> others;
  for (const Takes& other : kTakes)
    if (other.*takes) others.emplace_back(other.name);
  return fmt::format("{}: {} does not take them, as in diffusers; {} does", list, one.name,
                     fmt::join(others, " or "));
}

}  // namespace

std::string refusal_of_own_steps(const std::string& scheduler, bool timesteps, bool sigmas) {
  if (timesteps && sigmas)
    return "timesteps, sigmas: only one of them can be given, as in diffusers";
  for (const Takes& one : kTakes) {
    if (scheduler != one.name) continue;
    if (timesteps) return refusal(one, "timesteps", &Takes::timesteps);
    if (sigmas) return refusal(one, "sigmas", &Takes::sigmas);
  }
  return "";
}

std::string scheduler_class_of(const std::filesystem::path& model, const std::string& other) {
  std::filesystem::path file = other.empty() ? model / "scheduler" : std::filesystem::path(other);
  if (!std::filesystem::exists(file)) return other;  // a class, or nothing
  if (std::filesystem::is_directory(file)) file /= "scheduler_config.json";
  try {
    return read_json(file).value("_class_name", "");
  } catch (const UserError&) {
  } catch (const nlohmann::json::exception&) {
  }
  return "";  // whoever loads it says why
}

void check_scheduler_class(const std::filesystem::path& model, const std::string& other) {
  std::vector<std::string> names;
  for (const Takes& one : kTakes) names.emplace_back(one.name);
  const auto is_known = [&](const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  std::filesystem::path file = model / "scheduler/scheduler_config.json";
  const bool is_place = !other.empty() && std::filesystem::exists(other);
  if (is_place)
    file = std::filesystem::is_directory(other)
               ? std::filesystem::path(other) / "scheduler_config.json"
               : std::filesystem::path(other);
  else if (!other.empty() && !is_known(other))
    throw UserError(fmt::format(
        "load.scheduler = \"{}\": is no folder or file, and no sampler that is supported: {}",
        other, fmt::join(names, ", ")));
  const nlohmann::json config = read_json(file);
  if (!config.is_object()) throw UserError(file.string() + ": not a JSON object");
  const nlohmann::json own = config.value("_class_name", nlohmann::json("EulerDiscreteScheduler"));
  if ((is_place || other.empty()) && own.is_string() && !is_known(own.get<std::string>()))
    throw UserError(
        fmt::format("{}: scheduler {} is not supported yet; supported: {}; "
                    "load.scheduler takes one of these with the model's own config",
                    file.string(), own.dump(), fmt::join(names, ", ")));
}

}  // namespace sameseed
