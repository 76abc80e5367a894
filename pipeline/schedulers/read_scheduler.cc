#include "pipeline/schedulers/read_scheduler.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "io/error.h"
#include "pipeline/model/model_files.h"
#include "pipeline/schedulers/sampler_choice.h"
#include "pipeline/schedulers/scheduler_classes.h"

namespace sameseed {
namespace {

struct Class {
  const char* name;
  MakeScheduler (*read)(ConfigFields& fields);
};
constexpr Class kClasses[] = {
    {"EulerDiscreteScheduler", read_euler},
    {"EulerAncestralDiscreteScheduler", read_euler_ancestral},
    {"DPMSolverMultistepScheduler", read_dpm_solver},
    {"EDMDPMSolverMultistepScheduler", read_edm_dpm_solver},
    {"EDMEulerScheduler", read_edm_euler},
    {"DDIMScheduler", read_ddim},
    {"LCMScheduler", read_lcm},
    {"TCDScheduler", read_tcd},
    {"HeunDiscreteScheduler", read_heun},
    {"UniPCMultistepScheduler", read_unipc},
};

}  // namespace

at::Tensor Scheduler::init_noise_sigma() const {
  return at::scalar_tensor(1.0, at::TensorOptions().dtype(at::kDouble));
}

at::Tensor Scheduler::scale_model_input(const at::Tensor& latents, std::int64_t /*step*/) const {
  return latents;
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
      if (const std::string why =
              refusal_of_own_steps(one.name, !asked.timesteps.empty(), !asked.sigmas.empty());
          !why.empty())
        throw UserError(why);
      return make(asked, device);
    };
  }
  throw UserError(fmt::format("{}: scheduler \"{}\" is not supported yet; supported: {}",
                              fields.path().string(), wanted,
                              fmt::join(scheduler_classes(), ", ")));
}

MakeScheduler read_model_scheduler(const std::filesystem::path& model, const std::string& other,
                                   std::vector<std::string>& warnings) {
  check_sampler(model, other);
  return read_scheduler(scheduler_file(model, other), names_scheduler_class(other) ? other : "",
                        warnings);
}

}  // namespace sameseed
