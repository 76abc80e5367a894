// DPM-Solver++ (Lu et al. 2022, arXiv 2211.01095): one multistep update from predictions of the
// clean latents, of up to third order, deterministic or with noise ("SDE").
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <vector>

#include "pipeline/model/config_fields.h"
#include "pipeline/schedulers/noise_levels.h"

namespace sameseed {

struct DpmOptions {
  int solver_order = 2;
  bool is_heun = false;  // solver_type "heun" instead of "midpoint"
  bool is_sde = false;   // algorithm_type "sde-dpmsolver++"
  bool lower_order_final = true, euler_at_final = false;
  bool ends_at_zero = true;  // final_sigmas_type "zero" instead of "sigma_min"
};
// Of both classes. `most_order_of_sde`: the highest order that has a stochastic form.
DpmOptions read_dpm_options(ConfigFields& fields, int most_order_of_sde);

class DpmUpdate {
 public:
  DpmUpdate(const DpmOptions& options, std::int64_t steps) : options_(options), steps_(steps) {}

  // `levels`: of all steps and the end. `clean`: the clean latents that step `step` predicts.
  // `noise`: of this step, where options.is_sde.
  at::Tensor next(const std::vector<Level>& levels, std::int64_t step, const at::Tensor& clean,
                  const at::Tensor& sample, const at::Tensor& noise);

 private:
  int order_of(std::int64_t step) const;

  DpmOptions options_;
  std::int64_t steps_;
  std::deque<at::Tensor> clean_;  // the newest first
};

}  // namespace sameseed
