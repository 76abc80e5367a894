// Euler's method with noise added after each step ("ancestral", k-diffusion's
// sample_euler_ancestral).
#include <ATen/ATen.h>

#include <utility>

#include "pipeline/schedulers/noise_levels.h"
#include "pipeline/schedulers/scheduler_classes.h"

namespace sameseed {
namespace {

class EulerAncestral final : public Scheduler {
 public:
  EulerAncestral(const TrainingNoise& training, const Spacing& spacing, std::string prediction_type,
                 std::int64_t steps, at::Device device)
      : spacing_(spacing), prediction_type_(std::move(prediction_type)) {
    const NoiseTable table = noise_table(training);
    const std::vector<double> times =
        euler_timesteps({.count = steps}, spacing, Spread::kByTimesteps, training.steps);
    std::vector<double> levels = levels_at(table, times);
    levels.push_back(0);
    sigmas_ = float_tensor(levels);
    timesteps_ = float_tensor(times, device);
  }

  const at::Tensor& timesteps() const override { return timesteps_; }
  const at::Tensor& sigmas() const override { return sigmas_; }
  // Also in the last step, where it is multiplied by 0.
  StepNoises step_noises() const override { return {.draws = timesteps_.size(0)}; }

  at::Tensor init_noise_sigma() const override { return euler_init_noise_sigma(spacing_, sigmas_); }

  at::Tensor scale_model_input(const at::Tensor& latents, std::int64_t step) const override {
    return euler_scaled_input(latents, sigmas_[step]);
  }

  at::Tensor step(const at::Tensor& noise_pred, std::int64_t step, const at::Tensor& latents,
                  const at::Tensor& noise) override {
    const at::Tensor sigma = sigmas_[step], next = sigmas_[step + 1];
    const at::Tensor sample = latents.to(at::kFloat);
    const at::Tensor original = euler_clean(prediction_type_, sample, noise_pred, sigma);
    const at::Tensor up =
        at::pow(at::pow(next, 2) * (at::pow(sigma, 2) - at::pow(next, 2)) / at::pow(sigma, 2), 0.5);
    const at::Tensor down = at::pow(at::pow(next, 2) - at::pow(up, 2), 0.5);
    const at::Tensor derivative = (sample - original) / sigma;
    return (sample + derivative * (down - sigma) + noise * up).to(noise_pred.scalar_type());
  }

 private:
  Spacing spacing_;
  std::string prediction_type_;
  at::Tensor timesteps_, sigmas_;
};

}  // namespace

MakeScheduler read_euler_ancestral(ConfigFields& fields) {
  const TrainingNoise training = read_training_noise(fields);
  const Spacing spacing = read_spacing(fields);
  const auto prediction_type = fields.get<std::string>("prediction_type", "epsilon");
  fields.only("prediction_type", {"epsilon", "v_prediction"});
  return [=](const StepsAsked& asked, at::Device device) {
    return std::make_unique<EulerAncestral>(training, spacing, prediction_type, asked.count,
                                            device);
  };
}

}  // namespace sameseed
