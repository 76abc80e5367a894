// DDIM (Song et al. 2021, arXiv 2010.02502), deterministic: eta is 0, as in diffusers' pipeline.
#include <ATen/ATen.h>

#include "pipeline/schedulers/noise_levels.h"
#include "pipeline/schedulers/scheduler_classes.h"

namespace sameseed {
namespace {

struct DdimConfig {
  TrainingNoise training;
  Spacing spacing{.how = "leading"};
  std::string prediction_type = "epsilon";
  bool ends_at_one = true;  // set_alpha_to_one
  std::optional<double> clip;
};

class Ddim final : public Scheduler {
 public:
  Ddim(const DdimConfig& config, std::int64_t steps, at::Device device)
      : config_(config), stride_(config.training.steps / std::max<std::int64_t>(steps, 1)) {
    check_steps(steps, config.training.steps);
    alphas_ = noise_table(config.training, /*keep_last_above_zero=*/false).alphas_cumprod;
    std::vector<double> times = euler_timesteps(config.spacing, config.training.steps, steps);
    for (double& time : times) {
      time = std::nearbyint(time);
      times_.push_back(static_cast<std::int64_t>(time));
    }
    timesteps_ = float_tensor(times, device);
  }

  const at::Tensor& timesteps() const override { return timesteps_; }
  const at::Tensor& sigmas() const override { return none_; }

  at::Tensor step(const at::Tensor& noise_pred, std::int64_t step, const at::Tensor& latents,
                  const at::Tensor& /*noise*/) override {
    const std::int64_t time = times_[static_cast<std::size_t>(step)], next = time - stride_;
    const at::Tensor alpha = alphas_[time], beta = 1 - alpha;
    const at::Tensor to = next >= 0             ? alphas_[next]
                          : config_.ends_at_one ? at::scalar_tensor(1.0f, alphas_.options())
                                                : alphas_[0];
    at::Tensor clean = noise_pred, noise = noise_pred;
    if (config_.prediction_type == "epsilon") {
      clean = (latents - at::pow(beta, 0.5) * noise_pred) / at::pow(alpha, 0.5);
    } else if (config_.prediction_type == "sample") {
      noise = (latents - at::pow(alpha, 0.5) * clean) / at::pow(beta, 0.5);
    } else {
      clean = at::pow(alpha, 0.5) * latents - at::pow(beta, 0.5) * noise_pred;
      noise = at::pow(alpha, 0.5) * noise_pred + at::pow(beta, 0.5) * latents;
    }
    if (config_.clip) clean = clean.clamp(-*config_.clip, *config_.clip);
    return at::pow(to, 0.5) * clean + at::pow(1 - to, 0.5) * noise;
  }

 private:
  DdimConfig config_;
  std::int64_t stride_;
  std::vector<std::int64_t> times_;
  at::Tensor alphas_, timesteps_, none_;
};

}  // namespace

MakeScheduler read_ddim(ConfigFields& fields) {
  DdimConfig config;
  config.training = read_training_noise(fields);
  config.spacing = read_spacing(fields, config.spacing);
  config.prediction_type = fields.get("prediction_type", config.prediction_type);
  fields.only("prediction_type", {"epsilon", "v_prediction", "sample"});
  config.ends_at_one = fields.get("set_alpha_to_one", config.ends_at_one);
  const double clip = fields.get("clip_sample_range", 1.0);
  if (fields.get("clip_sample", true)) config.clip = clip;
  fields.only("thresholding", {false});
  fields.ignore({"dynamic_thresholding_ratio", "sample_max_value"});  // of thresholding
  return [config](const StepsAsked& asked, at::Device device) {
    return std::make_unique<Ddim>(config, asked.count, device);
  };
}

}  // namespace sameseed
