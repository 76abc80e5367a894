// Trajectory consistency (Zheng et al. 2024, arXiv 2402.19159), deterministic: eta is 0, as in
// diffusers' pipeline, whatever the class's own default is.
#include <ATen/ATen.h>

#include "pipeline/schedulers/distilled_timesteps.h"
#include "pipeline/schedulers/noise_levels.h"
#include "pipeline/schedulers/scheduler_classes.h"

namespace sameseed {
namespace {

struct TcdConfig {
  TrainingNoise training{
      .beta_start = 0.00085, .beta_end = 0.012, .beta_schedule = "scaled_linear"};
  std::int64_t original_steps = 50;
  std::string prediction_type = "epsilon";
};

class Tcd final : public Scheduler {
 public:
  Tcd(const TcdConfig& config, const StepsAsked& asked, at::Device device)
      : config_(config),
        times_(distilled_timesteps(asked, config.original_steps, config.training.steps)),
        alphas_(noise_table(config.training, /*keep_last_above_zero=*/false).alphas_cumprod),
        timesteps_(
            at::tensor(times_, at::TensorOptions().dtype(at::kLong)).to(device).to(at::kFloat)) {}

  const at::Tensor& timesteps() const override { return timesteps_; }
  const at::Tensor& sigmas() const override { return none_; }

  at::Tensor step(const at::Tensor& noise_pred, std::int64_t step, const at::Tensor& latents,
                  const at::Tensor& /*noise*/) override {
    const auto place = static_cast<std::size_t>(step);
    const at::Tensor alpha = alphas_[times_[place]], beta = 1 - alpha;
    // The last step goes to timestep 0, which has noise of its own.
    const at::Tensor to = alphas_[place + 1 < times_.size() ? times_[place + 1] : 0];
    at::Tensor clean = noise_pred, noise = noise_pred;
    if (config_.prediction_type == "epsilon") {
      clean = (latents - beta.sqrt() * noise_pred) / alpha.sqrt();
    } else if (config_.prediction_type == "sample") {
      noise = (latents - at::pow(alpha, 0.5) * clean) / at::pow(beta, 0.5);
    } else {
      clean = at::pow(alpha, 0.5) * latents - at::pow(beta, 0.5) * noise_pred;
      noise = at::pow(alpha, 0.5) * noise_pred + at::pow(beta, 0.5) * latents;
    }
    return to.sqrt() * clean + (1 - to).sqrt() * noise;
  }

 private:
  TcdConfig config_;
  std::vector<std::int64_t> times_;
  at::Tensor alphas_, timesteps_, none_;
};

}  // namespace

MakeScheduler read_tcd(ConfigFields& fields) {
  TcdConfig config;
  config.training = read_training_noise(fields, config.training);
  config.original_steps = read_original_steps(fields, config.training.steps);
  config.prediction_type = fields.get("prediction_type", config.prediction_type);
  fields.only("prediction_type", {"epsilon", "v_prediction", "sample"});
  // The class has them, and no step reads them.
  fields.ignore({"clip_sample", "clip_sample_range", "thresholding", "dynamic_thresholding_ratio",
                 "sample_max_value", "set_alpha_to_one", "steps_offset", "timestep_spacing",
                 "timestep_scaling"});
  return [config](const StepsAsked& asked, at::Device device) {
    return std::make_unique<Tcd>(config, asked, device);
  };
}

}  // namespace sameseed
