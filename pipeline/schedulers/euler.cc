#include "pipeline/schedulers/euler.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "io/error.h"

namespace sameseed {
namespace {

// Noise levels of all training timesteps, in float32 throughout: a table made in double is off by
// up to 2.5e-6.
std::vector<float> training_sigmas(const SchedulerConfig& c) {
  const auto options = at::TensorOptions().dtype(at::kFloat);
  const at::Tensor betas =
      c.beta_schedule == "scaled_linear"
          ? at::linspace(std::sqrt(c.beta_start), std::sqrt(c.beta_end), c.num_train_timesteps,
                         options)
                .pow(2)
          : at::linspace(c.beta_start, c.beta_end, c.num_train_timesteps, options);
  const at::Tensor alphas_cumprod = at::cumprod(1.0 - betas, 0);
  const at::Tensor sigmas = at::pow((1 - alphas_cumprod) / alphas_cumprod, 0.5).contiguous();
  return {sigmas.const_data_ptr<float>(), sigmas.const_data_ptr<float>() + sigmas.numel()};
}

// Descending, held in float32 as diffusers does.
std::vector<float> spaced_timesteps(const SchedulerConfig& c, std::int64_t steps) {
  std::vector<float> times;
  const auto train = static_cast<double>(c.num_train_timesteps);
  if (c.timestep_spacing == "linspace") {
    for (std::int64_t i = steps - 1; i >= 0; --i)
      times.push_back(static_cast<float>(steps > 1 && i == steps - 1
                                             ? train - 1
                                             : static_cast<double>(i) *
                                                   ((train - 1) / static_cast<double>(steps - 1))));
    if (steps == 1) times = {0.0f};
  } else if (c.timestep_spacing == "leading") {
    const std::int64_t ratio = c.num_train_timesteps / steps;
    for (std::int64_t i = steps - 1; i >= 0; --i)
      times.push_back(static_cast<float>(i * ratio + c.steps_offset));
  } else {
    const double ratio = train / static_cast<double>(steps);
    const auto count = static_cast<std::int64_t>(std::ceil(train / ratio));
    // numpy's arange steps by the difference of its first two values, and that is not -ratio: with
    // 48 steps, for one, a half is rounded the other way.
    const double stride = (train - ratio) - train;
    for (std::int64_t i = 0; i < count; ++i)
      times.push_back(static_cast<float>(std::nearbyint(train + static_cast<double>(i) * stride)) -
                      1.0f);
  }
  return times;
}

// The table between its entries, in double; held at its ends.
double interpolate(const std::vector<float>& table, double at) {
  if (at <= 0) return table.front();
  const auto last = static_cast<double>(table.size() - 1);
  if (at >= last) return table.back();
  const auto low = static_cast<std::size_t>(at);
  const double below = table[low], above = table[low + 1];
  return (above - below) * (at - static_cast<double>(low)) + below;
}

std::vector<double> karras(const SchedulerConfig& c, const std::vector<double>& spaced,
                           std::int64_t steps) {
  const double rho = 7.0;
  const double lowest = std::pow(c.sigma_min.value_or(spaced.back()), 1 / rho);
  const double highest = std::pow(c.sigma_max.value_or(spaced.front()), 1 / rho);
  std::vector<double> sigmas;
  for (std::int64_t i = 0; i < steps; ++i) {
    const double ramp = steps == 1 ? 0.0
                        : i == steps - 1
                            ? 1.0
                            : static_cast<double>(i) * (1.0 / static_cast<double>(steps - 1));
    sigmas.push_back(std::pow(highest + ramp * (lowest - highest), rho));
  }
  return sigmas;
}

// The timestep whose noise level is `sigma`, linear in log sigma. numpy's logarithm of a float32
// differs from the C library's in the last bit, so most Karras timesteps are 1e-7 from diffusers'.
float timestep_of(double sigma, const std::vector<float>& table) {
  const double wanted = std::log(std::max(sigma, 1e-10));
  std::size_t low = 0;
  while (low + 2 < table.size() && wanted >= std::log(table[low + 1])) ++low;
  const double below = std::log(table[low]), above = std::log(table[low + 1]);
  const double weight = std::clamp((below - wanted) / (below - above), 0.0, 1.0);
  return static_cast<float>((1 - weight) * static_cast<double>(low) +
                            weight * static_cast<double>(low + 1));
}

}  // namespace

EulerScheduler::EulerScheduler(const SchedulerConfig& config, std::int64_t steps)
    : config_(config) {
  if (steps < 1 || steps > config.num_train_timesteps)
    throw UserError(
        fmt::format("steps = {}: must lie between 1 and {}", steps, config.num_train_timesteps));
  const std::vector<float> table = training_sigmas(config);
  std::vector<float> times = spaced_timesteps(config, steps);
  std::vector<double> levels;
  for (const float time : times) levels.push_back(interpolate(table, time));
  if (config.use_karras_sigmas) {
    levels = karras(config, levels, steps);
    times.clear();
    for (const double level : levels) times.push_back(timestep_of(level, table));
  }
  levels.push_back(config.final_sigmas_type == "zero" ? 0.0 : static_cast<double>(table.front()));
  timesteps_ = at::tensor(times, at::TensorOptions().dtype(at::kFloat));
  sigmas_ = at::tensor(levels, at::TensorOptions().dtype(at::kDouble)).to(at::kFloat);
}

at::Tensor EulerScheduler::init_noise_sigma() const {
  const at::Tensor highest = sigmas_.max();
  return config_.timestep_spacing == "leading" ? at::pow(at::pow(highest, 2) + 1, 0.5) : highest;
}

at::Tensor EulerScheduler::scale_model_input(const at::Tensor& latents, std::int64_t step) const {
  const at::Tensor sigma = sigmas_[step];
  return latents / at::pow(at::pow(sigma, 2) + 1, 0.5);
}

at::Tensor EulerScheduler::step(const at::Tensor& noise_pred, std::int64_t step,
                                const at::Tensor& latents) const {
  const at::Tensor sample = latents.to(at::kFloat);
  const at::Tensor sigma = sigmas_[step];
  at::Tensor original;
  if (config_.prediction_type == "epsilon")
    original = sample - sigma * noise_pred;
  else
    original = noise_pred * (-sigma / at::pow(at::pow(sigma, 2) + 1, 0.5)) +
               sample / (at::pow(sigma, 2) + 1);
  const at::Tensor derivative = (sample - original) / sigma;
  return (sample + derivative * (sigmas_[step + 1] - sigma)).to(noise_pred.scalar_type());
}

}  // namespace sameseed
