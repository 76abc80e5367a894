#include "pipeline/schedulers/sampler_choice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "io/error.h"
#include "io/files.h"
#include "pipeline/model/config_fields.h"
#include "pipeline/model/model_files.h"

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

std::vector<std::string> scheduler_classes() {
  std::vector<std::string> names;
  for (const Takes& one : kTakes) names.emplace_back(one.name);
  return names;
}

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
  if (names_scheduler_class(other)) return other;
  try {
    return read_json(scheduler_file(model, other)).value("_class_name", "");
  } catch (const UserError&) {
  } catch (const nlohmann::json::exception&) {
  }
  return "";  // whoever loads it says why
}

void check_sampler(const std::filesystem::path& model, const std::string& other) {
  const std::vector<std::string> known = scheduler_classes();
  const auto is_known = [&](const std::string& name) {
    return std::ranges::find(known, name) != known.end();
  };
  const bool is_class = names_scheduler_class(other);
  if (is_class && !is_known(other))
    throw UserError(fmt::format(
        "load.scheduler = \"{}\": is no folder or file, and no sampler that is supported: {}",
        other, fmt::join(known, ", ")));
  const std::filesystem::path file = scheduler_file(model, other);
  const auto name = ConfigFields(file).get<std::string>("_class_name", "EulerDiscreteScheduler");
  if (!is_class && !is_known(name))
    throw UserError(
        fmt::format("{}: scheduler \"{}\" is not supported yet; supported: {}; "
                    "load.scheduler takes one of these with the model's own config",
                    file.string(), name, fmt::join(known, ", ")));
}

}  // namespace sameseed
