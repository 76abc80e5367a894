// Heun's method over the noise levels (Karras et al. 2022, arXiv 2206.00364, algorithm 1), without
// churn: each step but the last evaluates the network twice, so N steps have 2 N - 1 evaluations.
#include <ATen/ATen.h>

#include "pipeline/schedulers/noise_levels.h"
#include "pipeline/schedulers/scheduler_classes.h"

namespace sameseed {
namespace {

struct HeunConfig {
  TrainingNoise training{.beta_start = 0.00085, .beta_end = 0.012};
  Spacing spacing;
  Spread spread = Spread::kByTimesteps;
  std::optional<double> sigma_min, sigma_max;
  std::string prediction_type = "epsilon";
  std::optional<double> clip;
};

// "step" is an evaluation here: all arithmetic is in the latents' own type.
class Heun final : public Scheduler {
 public:
  Heun(const HeunConfig& config, const StepsAsked& asked, at::Device device) : config_(config) {
    const NoiseTable table = noise_table(config.training);
    SolverLevels once{
        .timesteps = euler_timesteps(asked, config.spacing, config.spread, config.training.steps),
        .levels = {}};
    once.levels = levels_at(table, once.timesteps);
    respread(once, config.spread, config.sigma_min, config.sigma_max, table);
    // The first and the end once, what lies between them twice.
    std::vector<double> times, levels;
    for (std::size_t i = 0; i < once.timesteps.size(); ++i)
      for (int evaluation = i == 0 ? 1 : 0; evaluation < 2; ++evaluation) {
        times.push_back(once.timesteps[i]);
        levels.push_back(once.levels[i]);
      }
    levels.push_back(0);
    sigmas_ = float_tensor(levels);
    timesteps_ = float_tensor(times, device);
  }

  const at::Tensor& timesteps() const override { return timesteps_; }
  const at::Tensor& sigmas() const override { return sigmas_; }
  at::Tensor init_noise_sigma() const override {
    return euler_init_noise_sigma(config_.spacing, sigmas_);
  }
  at::Tensor scale_model_input(const at::Tensor& latents, std::int64_t step) const override {
    return euler_scaled_input(latents, sigmas_[step]);
  }

  at::Tensor step(const at::Tensor& noise_pred, std::int64_t step, const at::Tensor& latents,
                  const at::Tensor& /*noise*/) override {
    const at::Tensor sigma = sigmas_[step];
    at::Tensor clean = euler_clean(config_.prediction_type, latents, noise_pred, sigma);
    if (config_.clip) clean = clean.clamp(-*config_.clip, *config_.clip);
    const at::Tensor derivative = (latents - clean) / sigma;
    if (step % 2 == 1)  // at the end of the interval, by the predicted latents
      return began_ + (derivative_ + derivative) / 2 * width_;
    began_ = latents;
    derivative_ = derivative;
    width_ = sigmas_[step + 1] - sigma;
    return latents + derivative * width_;
  }

 private:
  HeunConfig config_;
  at::Tensor timesteps_, sigmas_;
  at::Tensor began_, derivative_, width_;  // of the interval: latents, slope, and how wide it is
};

}  // namespace

MakeScheduler read_heun(ConfigFields& fields) {
  HeunConfig config;
  config.training = read_training_noise(fields, config.training, /*may_rescale=*/false);
  config.spacing = read_spacing(fields);
  config.spread = read_spread(fields);
  config.sigma_min = fields.optional<double>("sigma_min");
  config.sigma_max = fields.optional<double>("sigma_max");
  config.prediction_type = fields.get("prediction_type", config.prediction_type);
  fields.only("prediction_type", {"epsilon", "v_prediction", "sample"});
  const double clip = fields.get("clip_sample_range", 1.0);
  if (fields.get("clip_sample", false)) config.clip = clip;
  return [config](const StepsAsked& asked, at::Device device) {
    return std::make_unique<Heun>(config, asked, device);
  };
}

}  // namespace sameseed
