// scheduler_config.json: options with their defaults.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace sameseed {

// diffusers' EulerDiscreteScheduler.
struct SchedulerConfig {
  std::int64_t num_train_timesteps = 1000;
  double beta_start = 0.0001, beta_end = 0.02;
  std::string beta_schedule = "linear";
  std::string prediction_type = "epsilon";
  std::string timestep_spacing = "linspace";
  std::int64_t steps_offset = 0;
  bool use_karras_sigmas = false;
  std::optional<double> sigma_min, sigma_max;
  std::string final_sigmas_type = "zero";
};

// Throws UserError that names the file and every field it cannot take.
SchedulerConfig read_scheduler_config(const std::filesystem::path& folder);

}  // namespace sameseed
