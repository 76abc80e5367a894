// Euler's method over the noise levels (diffusers' EulerDiscreteScheduler; Karras et al. 2022,
// arXiv 2206.00364).
#pragma once

#include "pipeline/schedulers/scheduler.h"

namespace sameseed {

class EulerScheduler final : public Scheduler {
 public:
  EulerScheduler(const SchedulerConfig& config, std::int64_t steps);

  const at::Tensor& timesteps() const override { return timesteps_; }
  const at::Tensor& sigmas() const override { return sigmas_; }
  at::Tensor init_noise_sigma() const override;
  at::Tensor scale_model_input(const at::Tensor& latents, std::int64_t step) const override;
  at::Tensor step(const at::Tensor& noise_pred, std::int64_t step,
                  const at::Tensor& latents) const override;

 private:
  SchedulerConfig config_;
  at::Tensor timesteps_, sigmas_;
};

}  // namespace sameseed
