// Euler's method in EDM's formulation, without churn.
#include <ATen/ATen.h>

#include "pipeline/schedulers/edm.h"
#include "pipeline/schedulers/noise_levels.h"
#include "pipeline/schedulers/scheduler_classes.h"

namespace sameseed {
namespace {

class EdmEuler final : public Scheduler {
 public:
  EdmEuler(const EdmConfig& config, std::int64_t steps, at::Device device) : config_(config) {
    check_steps(steps, 1000);
    const at::Tensor levels = edm_levels(config, steps, at::kDouble);
    timesteps_ = edm_timesteps(levels, device);
    sigmas_ = at::cat({levels, config.ends_at_zero ? at::zeros({1}) : levels.slice(0, -1)});
  }

  const at::Tensor& timesteps() const override { return timesteps_; }
  const at::Tensor& sigmas() const override { return sigmas_; }
  at::Tensor init_noise_sigma() const override { return edm_init_noise_sigma(config_); }
  at::Tensor scale_model_input(const at::Tensor& latents, std::int64_t step) const override {
    return edm_scaled_input(config_, latents, sigmas_[step]);
  }

  at::Tensor step(const at::Tensor& noise_pred, std::int64_t step, const at::Tensor& latents,
                  const at::Tensor& /*noise*/) override {
    const at::Tensor sample = latents.to(at::kFloat), sigma = sigmas_[step];
    const at::Tensor clean = edm_clean(config_, sample, noise_pred, sigma);
    const at::Tensor derivative = (sample - clean) / sigma;
    return (sample + derivative * (sigmas_[step + 1] - sigma)).to(noise_pred.scalar_type());
  }

 private:
  EdmConfig config_;
  at::Tensor timesteps_, sigmas_;
};

}  // namespace

MakeScheduler read_edm_euler(ConfigFields& fields) {
  const EdmConfig config = read_edm(fields);
  return [config](const StepsAsked& asked, at::Device device) {
    return std::make_unique<EdmEuler>(config, asked.count, device);
  };
}

}  // namespace sameseed
