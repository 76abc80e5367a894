#include "pipeline/schedulers/scheduler_config.h"

#include <fmt/format.h>

#include "io/error.h"
#include "pipeline/model/config_fields.h"

namespace sameseed {

SchedulerConfig read_scheduler_config(const std::filesystem::path& folder) {
  ConfigFields fields(folder / "scheduler_config.json");
  const std::string name = fields.get<std::string>("_class_name", "EulerDiscreteScheduler");
  if (name != "EulerDiscreteScheduler")
    throw UserError(
        fmt::format("{}: _class_name = \"{}\": this {}scheduler is not supported yet; supported: "
                    "EulerDiscreteScheduler",
                    fields.path().string(), name, name.starts_with("EDM") ? "EDM " : ""));
  SchedulerConfig config;
  config.num_train_timesteps = fields.get("num_train_timesteps", config.num_train_timesteps);
  config.beta_start = fields.get("beta_start", config.beta_start);
  config.beta_end = fields.get("beta_end", config.beta_end);
  config.beta_schedule = fields.get("beta_schedule", config.beta_schedule);
  fields.only("beta_schedule", {"linear", "scaled_linear"});
  config.prediction_type = fields.get("prediction_type", config.prediction_type);
  fields.only("prediction_type", {"epsilon", "v_prediction"});
  config.timestep_spacing = fields.get("timestep_spacing", config.timestep_spacing);
  fields.only("timestep_spacing", {"leading", "trailing", "linspace"});
  config.steps_offset = fields.get("steps_offset", config.steps_offset);
  config.use_karras_sigmas = fields.get("use_karras_sigmas", config.use_karras_sigmas);
  config.sigma_min = fields.optional<double>("sigma_min");
  config.sigma_max = fields.optional<double>("sigma_max");
  config.final_sigmas_type = fields.get("final_sigmas_type", config.final_sigmas_type);
  fields.only("final_sigmas_type", {"zero", "sigma_min"});
  fields.only("interpolation_type", {"linear"});
  fields.only("timestep_type", {"discrete"});
  for (const char* option : {"use_exponential_sigmas", "use_beta_sigmas", "rescale_betas_zero_snr"})
    fields.only(option, {false});
  fields.only("trained_betas", {});
  // Left over in SDXL's file from other schedulers; EulerDiscreteScheduler does not read them.
  fields.ignore({"clip_sample", "clip_sample_range", "sample_max_value", "set_alpha_to_one",
                 "skip_prk_steps", "thresholding", "dynamic_thresholding_ratio"});
  if (config.num_train_timesteps < 2 || config.num_train_timesteps > 1000000)
    fields.complain("num_train_timesteps", "must lie between 2 and 1000000");
  fields.refuse_unknown();
  fields.finish();
  return config;
}

}  // namespace sameseed
