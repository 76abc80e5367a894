// A sampler over a network of one line, as tests/goldens/make_scheduler_goldens.py runs diffusers'.
#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/InferenceMode.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/files.h"
#include "pipeline/model/tensor_files.h"
#include "pipeline/schedulers/read_scheduler.h"

namespace sameseed {

struct SchedulerAnswer {
  at::Tensor latents;  // [1, 4, 2, 2], in the type that was asked for
  at::Tensor timesteps, sigmas, init_noise_sigma;
};

// `steps` of a row of the goldens: a number, or {"timesteps": [...]}, or {"sigmas": [...]}.
inline StepsAsked steps_asked(const nlohmann::json& steps) {
  if (steps.is_number()) return {.count = steps};
  return {.timesteps = steps.value("timesteps", std::vector<double>()),
          .sigmas = steps.value("sigmas", std::vector<double>())};
}

// `config`: the fields of scheduler_config.json.
inline std::unique_ptr<Scheduler> scheduler_of(const nlohmann::json& config,
                                               const StepsAsked& steps) {
  static const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("scheduler-" + std::to_string(getpid()) + ".json");
  std::ofstream(file) << config;  // not to the disk itself, there are many
  std::vector<std::string> warnings;
  const MakeScheduler make = read_scheduler(file, "", warnings);
  std::filesystem::remove(file);
  return make(steps, at::kCPU);
}

// `precision`: "fp32", "fp16" or "bf16".
inline SchedulerAnswer scheduler_answer(const nlohmann::json& config, const StepsAsked& steps,
                                        const std::string& precision) {
  const c10::InferenceMode guard;
  const auto scheduler = scheduler_of(config, steps);
  const at::ScalarType type = scalar_type_of(precision, "precision");
  at::Generator generator = at::detail::createCPUGenerator(123);
  const auto drawn = [&](at::ScalarType of) {
    return at::randn({1, 4, 2, 2}, generator, at::TensorOptions().dtype(of));
  };
  at::Tensor x = drawn(type) * scheduler->init_noise_sigma();
  const StepNoises noises = scheduler->step_noises();
  for (std::int64_t i = 0; i < scheduler->timesteps().size(0); ++i) {
    const at::Tensor output = 0.25 * scheduler->scale_model_input(x, i) + 0.1;
    const at::Tensor noise =
        i < noises.draws ? drawn(noises.is_float ? at::kFloat : type) : at::Tensor();
    x = scheduler->step(output, i, x, noise);
  }
  return {.latents = x,
          .timesteps = scheduler->timesteps(),
          .sigmas = scheduler->sigmas(),
          .init_noise_sigma = scheduler->init_noise_sigma()};
}

}  // namespace sameseed
