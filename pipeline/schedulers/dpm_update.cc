#include "pipeline/schedulers/dpm_update.h"

#include <ATen/ATen.h>

namespace sameseed {

using at::exp;
using at::pow;
using at::Tensor;

DpmOptions read_dpm_options(ConfigFields& fields, int most_order_of_sde) {
  DpmOptions options;
  options.solver_order = fields.get("solver_order", options.solver_order);
  fields.only("solver_order", {1, 2, 3});
  options.is_heun = fields.get<std::string>("solver_type", "midpoint") == "heun";
  // diffusers takes the names of other solvers' types for "midpoint".
  fields.only("solver_type", {"midpoint", "heun", "logrho", "bh1", "bh2"});
  options.is_sde = fields.get<std::string>("algorithm_type", "dpmsolver++") == "sde-dpmsolver++";
  fields.only("algorithm_type", {"dpmsolver++", "sde-dpmsolver++", "deis"});
  if (options.is_sde && options.solver_order > most_order_of_sde)
    fields.complain("solver_order", "has no stochastic form in this class");
  options.lower_order_final = fields.get("lower_order_final", options.lower_order_final);
  options.euler_at_final = fields.get("euler_at_final", options.euler_at_final);
  options.ends_at_zero = read_ends_at_zero(fields);
  fields.only("thresholding", {false});
  fields.ignore({"dynamic_thresholding_ratio", "sample_max_value"});  // of thresholding
  return options;
}

int DpmUpdate::order_of(std::int64_t step) const {
  const bool few = options_.lower_order_final && steps_ < 15;
  const bool is_last = step == steps_ - 1;
  const auto known = static_cast<int>(clean_.size());
  if (options_.solver_order == 1 || known < 2 ||
      (is_last && (options_.euler_at_final || few || options_.ends_at_zero)))
    return 1;
  if (options_.solver_order == 2 || known < 3 || (step == steps_ - 2 && few)) return 2;
  return 3;
}

Tensor DpmUpdate::next(const std::vector<Level>& levels, std::int64_t step, const Tensor& clean,
                       const Tensor& sample, const Tensor& noise) {
  clean_.push_front(clean);
  if (clean_.size() > 3) clean_.pop_back();
  const int order = order_of(step);
  const auto at = static_cast<std::size_t>(step);
  const Level &to = levels[at + 1], &now = levels[at];
  const Tensor h = to.lambda - now.lambda;
  // The sample's own share, and that of the clean latents.
  Tensor result =
      options_.is_sde
          ? (to.sigma / now.sigma * exp(-h)) * sample + (to.alpha * (1 - exp(-2.0 * h))) * clean
          : (to.sigma / now.sigma) * sample - (to.alpha * (exp(-h) - 1.0)) * clean;
  if (order > 1) {
    const Tensor h_0 = now.lambda - levels[at - 1].lambda, r0 = h_0 / h;
    const Tensor difference = (1.0 / r0) * (clean_[0] - clean_[1]);
    Tensor first = difference, second;
    if (order == 3) {
      const Tensor r1 = (levels[at - 1].lambda - levels[at - 2].lambda) / h;
      const Tensor earlier = (1.0 / r1) * (clean_[1] - clean_[2]);
      first = difference + (r0 / (r0 + r1)) * (difference - earlier);
      second = (1.0 / (r0 + r1)) * (difference - earlier);
    }
    if (order == 2 && !options_.is_heun)
      result = options_.is_sde ? result + 0.5 * (to.alpha * (1 - exp(-2.0 * h))) * first
                               : result - 0.5 * (to.alpha * (exp(-h) - 1.0)) * first;
    else
      result = result + (options_.is_sde
                             ? (to.alpha * ((1.0 - exp(-2.0 * h)) / (-2.0 * h) + 1.0)) * first
                             : (to.alpha * ((exp(-h) - 1.0) / h + 1.0)) * first);
    if (order == 3)
      result =
          options_.is_sde
              ? result +
                    (to.alpha * ((1.0 - exp(-2.0 * h) - 2.0 * h) / pow(2.0 * h, 2) - 0.5)) * second
              : result - (to.alpha * ((exp(-h) - 1.0 + h) / pow(h, 2) - 0.5)) * second;
  }
  if (options_.is_sde) result = result + to.sigma * at::sqrt(1.0 - exp(-2 * h)) * noise;
  return result;
}

}  // namespace sameseed
