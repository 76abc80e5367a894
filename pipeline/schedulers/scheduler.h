// What a scheduler is: the sampler's table of times and noise levels, and the step from one latent
// to the next.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "pipeline/schedulers/scheduler_config.h"

namespace sameseed {

class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual const at::Tensor& timesteps() const = 0;  // [steps], float32, as the UNet is given them
  virtual const at::Tensor& sigmas() const = 0;     // [steps + 1], float32
  virtual at::Tensor init_noise_sigma()
      const = 0;  // scalar, float32: what the initial noise is scaled by
  virtual at::Tensor scale_model_input(const at::Tensor& latents, std::int64_t step) const = 0;
  // Latents after step `step`, in their own type; computed in float32.
  virtual at::Tensor step(const at::Tensor& noise_pred, std::int64_t step,
                          const at::Tensor& latents) const = 0;
};

// The scheduler that the config names, ready for `steps` steps.
std::unique_ptr<Scheduler> make_scheduler(const SchedulerConfig& config, std::int64_t steps);

}  // namespace sameseed
