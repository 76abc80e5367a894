// UniPC (Zhao et al. 2023, arXiv 2302.04867): a multistep predictor, and a corrector that refines
// the latents once the network has seen them.
#include <ATen/ATen.h>

#include <deque>

#include "pipeline/schedulers/noise_levels.h"
#include "pipeline/schedulers/scheduler_classes.h"

namespace sameseed {
namespace {

using at::Tensor;

struct UnipcConfig {
  TrainingNoise training;
  Spacing spacing;
  Spread spread = Spread::kByTimesteps;
  std::optional<double> sigma_min, sigma_max;
  std::string prediction_type = "epsilon";
  int order = 2;
  bool is_bh1 = false;
  bool lower_order_final = true, ends_at_zero = true;
  std::vector<std::int64_t> without_corrector;  // steps
};

class Unipc final : public Scheduler {
 public:
  Unipc(const UnipcConfig& config, std::int64_t steps, at::Device device) : config_(config) {
    check_steps(steps, config.training.steps - 1);
    const NoiseTable table = noise_table(config.training);
    auto [times, levels] =
        solver_levels(table, config.spacing, config.spread,
                      config.sigma_max.value_or(static_cast<double>(table.sigmas.back())),
                      config.sigma_min.value_or(static_cast<double>(table.sigmas.front())), steps);
    const double last =
        config.spread == Spread::kByTimesteps ? table.sigmas.front() : levels.back();
    levels.push_back(config.ends_at_zero ? 0.0 : last);
    sigmas_ = float_tensor(levels);
    timesteps_ = float_tensor(times, device);
  }

  const Tensor& timesteps() const override { return timesteps_; }
  const Tensor& sigmas() const override { return sigmas_; }

  Tensor step(const Tensor& noise_pred, std::int64_t step, const Tensor& latents,
              const Tensor& /*noise*/) override {
    if (levels_.empty())  // diffusers computes them where the latents are
      for (std::int64_t i = 0; i < sigmas_.size(0); ++i)
        levels_.push_back(level_of(sigmas_[i].to(latents.device())));
    const Tensor clean =
        clean_at(level_of(sigmas_[step]), config_.prediction_type, latents, noise_pred);
    const bool is_corrected = step > 0 && std::ranges::find(config_.without_corrector, step - 1) ==
                                              config_.without_corrector.end();
    const Tensor sample = is_corrected ? corrected(step, clean) : latents;
    clean_.push_front(clean);
    if (clean_.size() > static_cast<std::size_t>(config_.order)) clean_.pop_back();
    const std::int64_t left = timesteps_.size(0) - step;
    order_ = static_cast<int>(std::min<std::int64_t>(
        config_.lower_order_final ? std::min<std::int64_t>(config_.order, left) : config_.order,
        static_cast<std::int64_t>(clean_.size())));
    last_ = sample;
    return predicted(step, sample);
  }

 private:
  // What predictor and corrector share, from one level to the next with `order` of earlier outputs.
  struct Terms {
    Tensor alpha, b_h, h_phi_1, ratio;  // of the level that is reached
    Tensor matrix, right;               // [order, order], [order]
    std::vector<Tensor> differences;    // of earlier outputs, order - 1 of them
  };
  // Earlier outputs lie at steps from - 1, from - 2, ...
  Terms terms(std::int64_t from, std::int64_t to, int order) const {
    const Level &now = levels_[static_cast<std::size_t>(from)],
                &next = levels_[static_cast<std::size_t>(to)];
    const Tensor h = next.lambda - now.lambda, hh = -h;
    Terms terms{.alpha = next.alpha,
                .b_h = config_.is_bh1 ? hh : at::expm1(hh),
                .h_phi_1 = at::expm1(hh),
                .ratio = next.sigma / now.sigma,
                .matrix = {},
                .right = {},
                .differences = {}};
    std::vector<Tensor> places;
    for (int i = 1; i < order; ++i) {
      const Level& earlier = levels_[static_cast<std::size_t>(from - i)];
      const Tensor place = (earlier.lambda - now.lambda) / h;
      places.push_back(place);
      terms.differences.push_back((clean_[static_cast<std::size_t>(i)] - clean_[0]) / place);
    }
    places.push_back(at::ones({}, h.options()));
    const Tensor all = at::stack(places);
    std::vector<Tensor> rows, right;
    Tensor h_phi_k = terms.h_phi_1 / hh - 1;
    std::int64_t factorial = 1;
    for (int i = 1; i <= order; ++i) {
      rows.push_back(at::pow(all, i - 1));
      right.push_back(h_phi_k * factorial / terms.b_h);
      factorial *= i + 1;
      h_phi_k = h_phi_k / hh - 1 / static_cast<double>(factorial);
    }
    terms.matrix = at::stack(rows);
    terms.right = at::stack(right);
    return terms;
  }

  static Tensor weighted(const Tensor& weights, const std::vector<Tensor>& differences) {
    return at::einsum("k,bkc...->bc...", {weights, at::stack(differences, 1)});
  }

  Tensor predicted(std::int64_t step, const Tensor& sample) const {
    const Terms t = terms(step, step + 1, order_);
    Tensor result = t.ratio * sample - t.alpha * t.h_phi_1 * clean_[0];
    if (t.differences.empty()) return (result - t.alpha * t.b_h * 0).to(sample.scalar_type());
    const Tensor weights = order_ == 2 ? at::ones({1}, sample.options()) * 0.5
                                       : at::linalg_solve(t.matrix.slice(0, 0, -1).slice(1, 0, -1),
                                                          t.right.slice(0, 0, -1))
                                             .to(sample.scalar_type());
    return (result - t.alpha * t.b_h * weighted(weights, t.differences)).to(sample.scalar_type());
  }

  // The latents of step `step` again, from the latents before, of the order that led here.
  Tensor corrected(std::int64_t step, const Tensor& clean) const {
    const Terms t = terms(step - 1, step, order_);
    const Tensor result = t.ratio * last_ - t.alpha * t.h_phi_1 * clean_[0];
    const Tensor weights = order_ == 1
                               ? at::ones({1}, last_.options()) * 0.5
                               : at::linalg_solve(t.matrix, t.right).to(last_.scalar_type());
    const Tensor newest = weights[-1] * (clean - clean_[0]);
    const Tensor correction = t.differences.empty()
                                  ? 0 + newest
                                  : weighted(weights.slice(0, 0, -1), t.differences) + newest;
    return (result - t.alpha * t.b_h * correction).to(last_.scalar_type());
  }

  UnipcConfig config_;
  Tensor timesteps_, sigmas_;
  std::vector<Level> levels_;
  std::deque<Tensor> clean_;  // the newest first
  Tensor last_;               // latents that the last step began with, corrected
  int order_ = 0;             // of the last step's predictor
};

}  // namespace

MakeScheduler read_unipc(ConfigFields& fields) {
  UnipcConfig config;
  config.training = read_training_noise(fields);
  config.spacing = read_spacing(fields);
  config.spread = read_spread(fields);
  config.sigma_min = fields.optional<double>("sigma_min");
  config.sigma_max = fields.optional<double>("sigma_max");
  config.prediction_type = fields.get("prediction_type", config.prediction_type);
  fields.only("prediction_type", {"epsilon", "v_prediction", "sample"});
  config.order = fields.get("solver_order", config.order);
  fields.only("solver_order", {1, 2, 3});
  config.is_bh1 = fields.get<std::string>("solver_type", "bh2") == "bh1";
  // diffusers takes the names of other solvers' types for "bh2".
  fields.only("solver_type", {"bh1", "bh2", "midpoint", "heun", "logrho"});
  config.lower_order_final = fields.get("lower_order_final", config.lower_order_final);
  config.without_corrector = fields.get("disable_corrector", config.without_corrector);
  config.ends_at_zero = read_ends_at_zero(fields);
  fields.only("predict_x0", {true});
  fields.only("thresholding", {false});
  fields.only("use_flow_sigmas", {false});
  fields.only("use_dynamic_shifting", {false});
  for (const char* name : {"solver_p", "shift_terminal"}) fields.only(name, {});
  fields.ignore(
      {"dynamic_thresholding_ratio", "sample_max_value", "flow_shift", "time_shift_type"});
  return [config](const StepsAsked& asked, at::Device device) {
    return std::make_unique<Unipc>(config, asked.count, device);
  };
}

}  // namespace sameseed
