#include "pipeline/schedulers/edm.h"

#include <ATen/ATen.h>

#include <cmath>

#include "pipeline/schedulers/noise_levels.h"

namespace sameseed {

using at::pow;
using at::Tensor;

EdmConfig read_edm(ConfigFields& fields) {
  EdmConfig config;
  config.sigma_min = fields.get("sigma_min", config.sigma_min);
  config.sigma_max = fields.get("sigma_max", config.sigma_max);
  config.sigma_data = fields.get("sigma_data", config.sigma_data);
  config.rho = fields.get("rho", config.rho);
  for (const auto& [name, value] : {std::pair{"sigma_min", config.sigma_min},
                                    {"sigma_max", config.sigma_max},
                                    {"sigma_data", config.sigma_data},
                                    {"rho", config.rho}})
    if (!(value > 0) || !std::isfinite(value)) fields.complain(name, "must be above 0");
  config.is_exponential = fields.get<std::string>("sigma_schedule", "karras") == "exponential";
  fields.only("sigma_schedule", {"karras", "exponential"});
  config.is_velocity = fields.get<std::string>("prediction_type", "epsilon") == "v_prediction";
  fields.only("prediction_type", {"epsilon", "v_prediction"});
  config.ends_at_zero = read_ends_at_zero(fields);
  fields.ignore({"num_train_timesteps"});  // of training alone
  return config;
}

Tensor edm_levels(const EdmConfig& config, std::int64_t steps, at::ScalarType ramp_type) {
  if (config.is_exponential)
    return at::linspace(std::log(config.sigma_min), std::log(config.sigma_max), steps,
                        at::TensorOptions().dtype(at::kFloat))
        .exp()
        .flip(0);
  const double low = std::pow(config.sigma_min, 1 / config.rho),
               high = std::pow(config.sigma_max, 1 / config.rho);
  const Tensor ramp = at::linspace(0, 1, steps, at::TensorOptions().dtype(ramp_type));
  return pow(high + ramp * (low - high), config.rho).to(at::kFloat);
}

Tensor edm_timesteps(const Tensor& levels, at::Device device) {
  return 0.25 * at::log(levels.to(device));
}

Tensor edm_init_noise_sigma(const EdmConfig& config) {
  return at::scalar_tensor(std::pow(std::pow(config.sigma_max, 2) + 1, 0.5),
                           at::TensorOptions().dtype(at::kDouble));
}

Tensor edm_scaled_input(const EdmConfig& config, const Tensor& latents, const Tensor& sigma) {
  return latents * (1 / pow(pow(sigma, 2) + std::pow(config.sigma_data, 2), 0.5));
}

Tensor edm_clean(const EdmConfig& config, const Tensor& sample, const Tensor& output,
                 const Tensor& sigma) {
  const double data = std::pow(config.sigma_data, 2);
  const Tensor skip = data / (pow(sigma, 2) + data);
  const Tensor out =
      (config.is_velocity ? -sigma : sigma) * config.sigma_data / pow(pow(sigma, 2) + data, 0.5);
  return skip * sample + out * output;
}

}  // namespace sameseed
