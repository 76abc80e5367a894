#include "pipeline/schedulers/read_scheduler.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "io/error.h"
#include "io/files.h"
#include "io/json.h"
#include "pipeline/schedulers/scheduler_classes.h"

namespace sameseed {
namespace {

// `takes_...`: whether the class's set_timesteps() takes such a list. Where diffusers has the
// parameter and fails all the same, it counts as no: EDMEulerScheduler takes no list but a tensor,
// of places in its own ramp, and UniPCMultistepScheduler levels of flow matching only.
struct Class {
  const char* name;
  MakeScheduler (*read)(ConfigFields& fields);
  bool takes_timesteps = false, takes_sigmas = false;
};
constexpr Class kClasses[] = {
    {"EulerDiscreteScheduler", read_euler, true, true},
    {"EulerAncestralDiscreteScheduler", read_euler_ancestral},
    {"DPMSolverMultistepScheduler", read_dpm_solver, true},
    {"EDMDPMSolverMultistepScheduler", read_edm_dpm_solver},
    {"EDMEulerScheduler", read_edm_euler},
    {"DDIMScheduler", read_ddim},
    {"LCMScheduler", read_lcm, true},
    {"TCDScheduler", read_tcd, true},
    {"HeunDiscreteScheduler", read_heun, true},
    {"UniPCMultistepScheduler", read_unipc},
};

void check_lists(const Class& one, const StepsAsked& asked) {
  const auto refuse = [&](const char* list, bool Class::*takes) {
    std::vector<std::string> others;
    for (const Class& other : kClasses)
      if (other.*takes) others.emplace_back(other.name);
    throw UserError(fmt::format("{}: {} does not take them, as in diffusers; {} does", list,
                                one.name, fmt::join(others, " or ")));
  };
  if (!asked.timesteps.empty() && !asked.sigmas.empty())
    throw UserError("timesteps, sigmas: only one of them can be given, as in diffusers");
  if (!asked.timesteps.empty() && !one.takes_timesteps)
    refuse("timesteps", &Class::takes_timesteps);
  if (!asked.sigmas.empty() && !one.takes_sigmas) refuse("sigmas", &Class::takes_sigmas);
}

}  // namespace

at::Tensor Scheduler::init_noise_sigma() const {
  return at::scalar_tensor(1.0, at::TensorOptions().dtype(at::kDouble));
}

at::Tensor Scheduler::scale_model_input(const at::Tensor& latents, std::int64_t /*step*/) const {
  return latents;
}

std::vector<std::string> scheduler_classes() {
  std::vector<std::string> names;
  for (const Class& one : kClasses) names.emplace_back(one.name);
  return names;
}

MakeScheduler read_scheduler(const std::filesystem::path& file, const std::string& name,
                             std::vector<std::string>& warnings) {
  ConfigFields fields(file);
  const auto own = fields.get<std::string>("_class_name", "EulerDiscreteScheduler");
  const std::string& wanted = name.empty() ? own : name;
  for (const Class& one : kClasses) {
    if (wanted != one.name) continue;
    MakeScheduler make = one.read(fields);
    fields.finish();
    // Read as another class, a file has fields too many by nature.
    if (const auto unknown = fields.unknown(); name.empty() && !unknown.empty())
      warnings.push_back(fmt::format("{}: {} has no {}: ignored, as in diffusers",
                                     fields.path().string(), wanted, fmt::join(unknown, ", ")));
    return [&one, make](const StepsAsked& asked, at::Device device) {
      check_lists(one, asked);
      return make(asked, device);
    };
  }
  throw UserError(fmt::format("{}: scheduler \"{}\" is not supported yet; supported: {}",
                              fields.path().string(), wanted,
                              fmt::join(scheduler_classes(), ", ")));
}

MakeScheduler read_model_scheduler(const std::filesystem::path& model, const std::string& other,
                                   std::vector<std::string>& warnings) {
  const std::filesystem::path own = model / "scheduler/scheduler_config.json", named = other;
  if (other.empty()) return read_scheduler(own, "", warnings);
  if (std::filesystem::is_directory(named))
    return read_scheduler(named / "scheduler_config.json", "", warnings);
  if (std::filesystem::exists(named)) return read_scheduler(named, "", warnings);
  const std::vector<std::string> known = scheduler_classes();
  if (std::ranges::find(known, other) == known.end())
    throw UserError(fmt::format(
        "load.scheduler = \"{}\": is no folder or file, and no sampler that is supported: {}",
        other, fmt::join(known, ", ")));
  return read_scheduler(own, other, warnings);
}

std::string model_scheduler_class(const std::filesystem::path& model, const std::string& other) {
  std::filesystem::path file = other.empty() ? model / "scheduler" : std::filesystem::path(other);
  if (std::filesystem::is_directory(file)) file /= "scheduler_config.json";
  if (!std::filesystem::exists(file)) return other;
  return read_json(file).value("_class_name", "");
}

}  // namespace sameseed
