// Latent consistency models (Luo et al. 2023, arXiv 2310.04378): each step predicts the clean
// latents and, but for the last, adds noise for the next timestep.
#include <ATen/ATen.h>

#include "pipeline/schedulers/distilled_timesteps.h"
#include "pipeline/schedulers/noise_levels.h"
#include "pipeline/schedulers/scheduler_classes.h"

namespace sameseed {
namespace {

struct LcmConfig {
  TrainingNoise training{
      .beta_start = 0.00085, .beta_end = 0.012, .beta_schedule = "scaled_linear"};
  std::int64_t original_steps = 50;
  double timestep_scaling = 10;
  std::string prediction_type = "epsilon";
  std::optional<double> clip;
};

class Lcm final : public Scheduler {
 public:
  Lcm(const LcmConfig& config, const StepsAsked& asked, at::Device device)
      : config_(config),
        times_(distilled_timesteps(asked, config.original_steps, config.training.steps)),
        alphas_(noise_table(config.training, /*keep_last_above_zero=*/false).alphas_cumprod),
        on_device_(at::tensor(times_, at::TensorOptions().dtype(at::kLong)).to(device)),
        timesteps_(on_device_.to(at::kFloat)) {}

  const at::Tensor& timesteps() const override { return timesteps_; }
  const at::Tensor& sigmas() const override { return none_; }
  StepNoises step_noises() const override { return {.draws = timesteps_.size(0) - 1}; }

  at::Tensor step(const at::Tensor& noise_pred, std::int64_t step, const at::Tensor& latents,
                  const at::Tensor& noise) override {
    const auto place = static_cast<std::size_t>(step);
    const at::Tensor alpha = alphas_[times_[place]], beta = 1 - alpha;
    at::Tensor clean = noise_pred;
    if (config_.prediction_type == "epsilon")
      clean = (latents - beta.sqrt() * noise_pred) / alpha.sqrt();
    else if (config_.prediction_type == "v_prediction")
      clean = alpha.sqrt() * latents - beta.sqrt() * noise_pred;
    if (config_.clip) clean = clean.clamp(-*config_.clip, *config_.clip);
    // On the timesteps' device: a scalar there is rounded to 16 bits on a GPU too.
    const at::Tensor time = on_device_[step] * config_.timestep_scaling;
    const at::Tensor skip = 0.25 / (at::pow(time, 2) + 0.25),
                     out = time / at::pow(at::pow(time, 2) + 0.25, 0.5);
    const at::Tensor denoised = out * clean + skip * latents;
    if (place + 1 == times_.size()) return denoised;
    const at::Tensor to = alphas_[times_[place + 1]];
    return to.sqrt() * denoised + (1 - to).sqrt() * noise;
  }

 private:
  LcmConfig config_;
  std::vector<std::int64_t> times_;
  at::Tensor alphas_, on_device_, timesteps_, none_;
};

}  // namespace

MakeScheduler read_lcm(ConfigFields& fields) {
  LcmConfig config;
  config.training = read_training_noise(fields, config.training);
  config.original_steps = read_original_steps(fields, config.training.steps);
  config.timestep_scaling = fields.get("timestep_scaling", config.timestep_scaling);
  config.prediction_type = fields.get("prediction_type", config.prediction_type);
  fields.only("prediction_type", {"epsilon", "v_prediction", "sample"});
  const double clip = fields.get("clip_sample_range", 1.0);
  if (fields.get("clip_sample", false)) config.clip = clip;
  fields.only("thresholding", {false});
  // Its timesteps are those of the distillation, whatever these say.
  fields.ignore({"dynamic_thresholding_ratio", "sample_max_value", "set_alpha_to_one",
                 "steps_offset", "timestep_spacing"});
  return [config](const StepsAsked& asked, at::Device device) {
    return std::make_unique<Lcm>(config, asked, device);
  };
}

}  // namespace sameseed
