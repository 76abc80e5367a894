// DPM-Solver++ over SDXL's own noise levels: "DPM++ 2M", "DPM++ 2M Karras", "DPM++ 2M SDE", "3M".
#include <ATen/ATen.h>

#include <cmath>

#include "pipeline/schedulers/dpm_update.h"
#include "pipeline/schedulers/noise_levels.h"
#include "pipeline/schedulers/scheduler_classes.h"

namespace sameseed {
namespace {

struct DpmConfig {
  TrainingNoise training;
  Spacing spacing;
  Spread spread = Spread::kByTimesteps;
  DpmOptions options;
  std::optional<double> sigma_min, sigma_max;  // where the levels are spread
  std::string prediction_type = "epsilon";
};

class DpmSolver final : public Scheduler {
 public:
  DpmSolver(const DpmConfig& config, const StepsAsked& asked, at::Device device) : config_(config) {
    const NoiseTable table = noise_table(config.training);
    auto [times, levels] = levels_of(asked, table);
    levels.push_back(config.options.ends_at_zero ? 0.0 : static_cast<double>(table.sigmas.front()));
    sigmas_ = float_tensor(levels);
    for (std::int64_t i = 0; i < sigmas_.size(0); ++i) levels_.push_back(level_of(sigmas_[i]));
    timesteps_ = float_tensor(times, device);
    update_.emplace(config.options, timesteps_.size(0));
  }

  const at::Tensor& timesteps() const override { return timesteps_; }
  const at::Tensor& sigmas() const override { return sigmas_; }
  StepNoises step_noises() const override {
    return {.draws = config_.options.is_sde ? timesteps_.size(0) : 0, .is_float = true};
  }

  at::Tensor step(const at::Tensor& noise_pred, std::int64_t step, const at::Tensor& latents,
                  const at::Tensor& noise) override {
    const Level& level = levels_[static_cast<std::size_t>(step)];
    const at::Tensor clean = clean_at(level, config_.prediction_type, latents, noise_pred);
    return update_->next(levels_, step, clean, latents.to(at::kFloat), noise)
        .to(clean.scalar_type());
  }

 private:
  SolverLevels levels_of(const StepsAsked& asked, const NoiseTable& table) const {
    if (asked.timesteps.empty()) {
      check_steps(asked.count, config_.training.steps - 1);
      const bool own = config_.spread != Spread::kLu;
      return solver_levels(table, config_.spacing, config_.spread,
                           config_.sigma_max && own ? *config_.sigma_max : table.sigmas.back(),
                           config_.sigma_min && own ? *config_.sigma_min : table.sigmas.front(),
                           asked.count);
    }
    check_own_timesteps(config_.spread);
    std::vector<double> times;  // whole numbers, cut off
    for (const double time : asked.timesteps) times.push_back(std::trunc(time));
    return {.timesteps = times, .levels = levels_at(table, times)};
  }

  DpmConfig config_;
  at::Tensor timesteps_, sigmas_;
  std::vector<Level> levels_;
  std::optional<DpmUpdate> update_;
};

}  // namespace

MakeScheduler read_dpm_solver(ConfigFields& fields) {
  DpmConfig config;
  config.training = read_training_noise(fields);
  config.spacing = read_spacing(fields);
  config.spread = read_spread(fields, /*may_be_lu=*/true);
  config.options = read_dpm_options(fields, 3);
  // Not among the class's own, and read all the same: a config keeps what it was made with.
  config.sigma_min = fields.optional<double>("sigma_min");
  config.sigma_max = fields.optional<double>("sigma_max");
  config.prediction_type = fields.get("prediction_type", config.prediction_type);
  fields.only("prediction_type", {"epsilon", "v_prediction", "sample"});
  fields.only("use_flow_sigmas", {false});
  fields.only("use_dynamic_shifting", {false});
  fields.only("variance_type", {});
  fields.only("lambda_min_clipped", {"-inf"});
  fields.ignore({"flow_shift", "time_shift_type"});  // of flow sigmas
  return [config](const StepsAsked& asked, at::Device device) {
    return std::make_unique<DpmSolver>(config, asked, device);
  };
}

}  // namespace sameseed
