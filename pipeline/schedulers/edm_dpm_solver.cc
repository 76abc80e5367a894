// DPM-Solver++ in EDM's formulation, playground-v2.5's own. All arithmetic is in the latents' type.
#include <ATen/ATen.h>

#include "pipeline/schedulers/dpm_update.h"
#include "pipeline/schedulers/edm.h"
#include "pipeline/schedulers/noise_levels.h"
#include "pipeline/schedulers/scheduler_classes.h"

namespace sameseed {
namespace {

class EdmDpmSolver final : public Scheduler {
 public:
  EdmDpmSolver(const EdmConfig& config, const DpmOptions& options, std::int64_t steps,
               at::Device device)
      : config_(config), is_sde_(options.is_sde), update_(options, steps) {
    check_steps(steps, 1000);
    const at::Tensor levels = edm_levels(config, steps, at::kFloat);
    timesteps_ = edm_timesteps(levels, device);
    // Unlike EDM Euler it ends at the config's lowest level, and not at the last one made.
    sigmas_ = at::cat({levels, float_tensor({config.ends_at_zero ? 0.0 : config.sigma_min})});
    const at::Tensor one = at::scalar_tensor(1.0f, at::TensorOptions().dtype(at::kFloat));
    for (std::int64_t i = 0; i < sigmas_.size(0); ++i)
      levels_.push_back(
          {.alpha = one, .sigma = sigmas_[i], .lambda = at::log(one) - at::log(sigmas_[i])});
  }

  const at::Tensor& timesteps() const override { return timesteps_; }
  const at::Tensor& sigmas() const override { return sigmas_; }
  StepNoises step_noises() const override { return {.draws = is_sde_ ? timesteps_.size(0) : 0}; }
  at::Tensor init_noise_sigma() const override { return edm_init_noise_sigma(config_); }
  at::Tensor scale_model_input(const at::Tensor& latents, std::int64_t step) const override {
    return edm_scaled_input(config_, latents, sigmas_[step]);
  }

  at::Tensor step(const at::Tensor& noise_pred, std::int64_t step, const at::Tensor& latents,
                  const at::Tensor& noise) override {
    const at::Tensor clean = edm_clean(config_, latents, noise_pred, sigmas_[step]);
    return update_.next(levels_, step, clean, latents, noise);
  }

 private:
  EdmConfig config_;
  bool is_sde_;
  at::Tensor timesteps_, sigmas_;
  std::vector<Level> levels_;
  DpmUpdate update_;
};

}  // namespace

MakeScheduler read_edm_dpm_solver(ConfigFields& fields) {
  const EdmConfig config = read_edm(fields);
  const DpmOptions options = read_dpm_options(fields, 2);
  return [config, options](const StepsAsked& asked, at::Device device) {
    return std::make_unique<EdmDpmSolver>(config, options, asked.count, device);
  };
}

}  // namespace sameseed
