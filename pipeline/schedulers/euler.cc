// Euler's method over the noise levels (Karras et al. 2022, arXiv 2206.00364), without churn.
#include <ATen/ATen.h>

#include "io/error.h"
#include "pipeline/schedulers/noise_levels.h"
#include "pipeline/schedulers/scheduler_classes.h"

namespace sameseed {
namespace {

struct EulerConfig {
  TrainingNoise training;
  Spacing spacing;
  Spread spread = Spread::kByTimesteps;
  std::string prediction_type = "epsilon";
  std::optional<double> sigma_min, sigma_max;
  bool ends_at_zero = true;
  bool log_linear = false;  // levels between the timesteps': by the logarithm
  bool continuous = false;  // the UNet is told log sigma / 4 instead of a timestep
};

class Euler final : public Scheduler {
 public:
  Euler(const EulerConfig& config, const StepsAsked& asked, at::Device device) : config_(config) {
    const NoiseTable table = noise_table(config.training);
    auto [times, levels] = asked.sigmas.empty()
                               ? scheduled(asked, table)
                               : SolverLevels{.timesteps = {}, .levels = asked.sigmas};
    // Own levels have their end behind them.
    for (std::size_t i = 0; i + 1 < asked.sigmas.size(); ++i)
      times.push_back(timestep_of(static_cast<float>(levels[i]), table));
    sigmas_ = float_tensor(levels);
    timesteps_ = config.continuous ? quarter_logs(sigmas_, device) : float_tensor(times, device);
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
    const at::Tensor sample = latents.to(at::kFloat), sigma = sigmas_[step];
    const at::Tensor original = euler_clean(config_.prediction_type, sample, noise_pred, sigma);
    const at::Tensor derivative = (sample - original) / sigma;
    return (sample + derivative * (sigmas_[step + 1] - sigma)).to(noise_pred.scalar_type());
  }

 private:
  // Of the timesteps that are asked for, or by the config; and the end.
  SolverLevels scheduled(const StepsAsked& asked, const NoiseTable& table) const {
    if (config_.continuous && !asked.timesteps.empty())
      throw UserError(
          "timesteps: cannot be given where timestep_type is \"continuous\", as in diffusers");
    SolverLevels made{.timesteps = euler_timesteps(asked, config_.spacing, config_.spread,
                                                   config_.training.steps),
                      .levels = {}};
    made.levels = config_.log_linear
                      ? log_linear(table, static_cast<std::int64_t>(made.timesteps.size()))
                      : levels_at(table, made.timesteps);
    respread(made, config_.spread, config_.sigma_min, config_.sigma_max, table);
    made.levels.push_back(config_.ends_at_zero ? 0.0 : static_cast<double>(table.sigmas.front()));
    return made;
  }

  // One level more than there are timesteps, as diffusers has it.
  static std::vector<double> log_linear(const NoiseTable& table, std::int64_t steps) {
    const at::Tensor levels = at::linspace(static_cast<double>(table.log_sigmas.back()),
                                           static_cast<double>(table.log_sigmas.front()), steps + 1,
                                           at::TensorOptions().dtype(at::kFloat))
                                  .exp();
    return {levels.const_data_ptr<float>(), levels.const_data_ptr<float>() + levels.numel()};
  }

  static at::Tensor quarter_logs(const at::Tensor& sigmas, at::Device device) {
    std::vector<at::Tensor> times;
    for (std::int64_t i = 0; i + 1 < sigmas.size(0); ++i)
      times.push_back(0.25 * at::log(sigmas[i].clone()));
    return at::stack(times).to(device);
  }

  EulerConfig config_;
  at::Tensor timesteps_, sigmas_;
};

}  // namespace

MakeScheduler read_euler(ConfigFields& fields) {
  EulerConfig config;
  config.training = read_training_noise(fields);
  config.spacing = read_spacing(fields);
  config.spread = read_spread(fields);
  config.prediction_type = fields.get("prediction_type", config.prediction_type);
  fields.only("prediction_type", {"epsilon", "v_prediction", "sample", "original_sample"});
  config.sigma_min = fields.optional<double>("sigma_min");
  config.sigma_max = fields.optional<double>("sigma_max");
  config.ends_at_zero = read_ends_at_zero(fields);
  config.log_linear = fields.get<std::string>("interpolation_type", "linear") == "log_linear";
  fields.only("interpolation_type", {"linear", "log_linear"});
  // As in diffusers, of a velocity only.
  config.continuous = fields.get<std::string>("timestep_type", "discrete") == "continuous" &&
                      config.prediction_type == "v_prediction";
  fields.only("timestep_type", {"discrete", "continuous"});
  // Left over in SDXL's own file from another class.
  fields.ignore({"clip_sample", "sample_max_value", "set_alpha_to_one", "skip_prk_steps"});
  return [config](const StepsAsked& asked, at::Device device) {
    return std::make_unique<Euler>(config, asked, device);
  };
}

}  // namespace sameseed
