// What a scheduler is: the sampler's table of times and noise levels, and the step from one latent
// to the next. Where a sampler evaluates the network twice in a step, each evaluation is a "step"
// here. One of them makes one batch of pictures: it keeps what it needs of earlier steps.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace sameseed {

// Noise that the steps of a stochastic sampler add; diffusers draws it from the generator that drew
// the initial noise, one draw a step.
struct StepNoises {
  std::int64_t draws = 0;  // the first of the steps have one each
  bool is_float = false;   // always float32, else of the network's own type
};

class Scheduler {
 public:
  virtual ~Scheduler() = default;

  // [evaluations], float32, as the UNet is given them; on the device that the scheduler was made
  // for.
  virtual const at::Tensor& timesteps() const = 0;
  virtual const at::Tensor& sigmas()
      const = 0;  // [steps + 1], float32; undefined where it has none
  virtual StepNoises step_noises() const { return {}; }
  virtual at::Tensor init_noise_sigma() const;  // scalar: what the initial noise is scaled by; 1
  virtual at::Tensor scale_model_input(const at::Tensor& latents,
                                       std::int64_t step) const;  // as is
  // Latents after step `step`, in the network's type. Steps are made once each, in their order.
  // `noise`: of this step, as step_noises() says; undefined where it has none.
  virtual at::Tensor step(const at::Tensor& noise_pred, std::int64_t step,
                          const at::Tensor& latents, const at::Tensor& noise) = 0;
};

// The steps that are asked for: their number, or their own timesteps, or their noise levels with
// the one behind the last step. One of the lists stands for the number, as in diffusers.
struct StepsAsked {
  std::int64_t count = 30;
  std::vector<double> timesteps = {}, sigmas = {};  // empty: not asked for
};

// A scheduler of a model's config, ready for these steps. Throws UserError for steps that it cannot
// make, or that diffusers' class refuses.
using MakeScheduler =
    std::function<std::unique_ptr<Scheduler>(const StepsAsked& asked, at::Device device)>;

}  // namespace sameseed
