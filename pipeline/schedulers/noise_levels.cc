#include "pipeline/schedulers/noise_levels.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "io/error.h"
#include "pipeline/schedulers/beta_quantile.h"

namespace sameseed {
namespace {

const auto kFloats = at::TensorOptions().dtype(at::kFloat);

// Lin et al. 2024 (arXiv 2305.08891), algorithm 1.
at::Tensor rescaled_to_zero_snr(const at::Tensor& betas) {
  at::Tensor roots = at::cumprod(1.0 - betas, 0).sqrt();
  const at::Tensor first = roots[0].clone(), last = roots[-1].clone();
  roots -= last;
  roots *= first / (first - last);
  const at::Tensor products = at::pow(roots, 2);
  const at::Tensor alphas =
      at::cat({products.slice(0, 0, 1), products.slice(0, 1) / products.slice(0, 0, -1)});
  return 1 - alphas;
}

// Descending, rounded half to even, one below: "trailing".
std::vector<double> trailing(std::int64_t training, std::int64_t steps) {
  const auto train = static_cast<double>(training);
  const double ratio = train / static_cast<double>(steps);
  const auto count = static_cast<std::int64_t>(std::ceil(train / ratio));
  // numpy's arange steps by the difference of its first two values, and that is not -ratio: with
  // 48 steps, for one, a half is rounded the other way.
  const double stride = (train - ratio) - train;
  std::vector<double> times;
  for (std::int64_t i = 0; i < count; ++i)
    times.push_back(std::nearbyint(train + static_cast<double>(i) * stride) - 1);
  return times;
}

template <typename Number>
double timestep_of_log(Number wanted, const NoiseTable& table) {
  const std::vector<float>& logs = table.log_sigmas;
  std::size_t low = 0;
  while (low + 2 < logs.size() && wanted >= static_cast<Number>(logs[low + 1])) ++low;
  const float range = logs[low] - logs[low + 1];
  const Number weight = std::clamp(
      (static_cast<Number>(logs[low]) - wanted) / static_cast<Number>(range), Number{0}, Number{1});
  return static_cast<double>(1 - weight) * static_cast<double>(low) +
         static_cast<double>(weight) * static_cast<double>(low + 1);
}

}  // namespace

TrainingNoise read_training_noise(ConfigFields& fields, TrainingNoise noise, bool may_rescale) {
  noise.steps = fields.get("num_train_timesteps", noise.steps);
  noise.beta_start = fields.get("beta_start", noise.beta_start);
  noise.beta_end = fields.get("beta_end", noise.beta_end);
  noise.beta_schedule = fields.get("beta_schedule", noise.beta_schedule);
  fields.only("beta_schedule", {"linear", "scaled_linear"});
  fields.only("trained_betas", {});
  if (may_rescale) noise.zero_terminal_snr = fields.get("rescale_betas_zero_snr", false);
  if (noise.steps < 2 || noise.steps > 1000000)
    fields.complain("num_train_timesteps", "must lie between 2 and 1000000");
  return noise;
}

NoiseTable noise_table(const TrainingNoise& training, bool keep_last_above_zero) {
  at::Tensor betas =
      training.beta_schedule == "scaled_linear"
          ? at::linspace(std::sqrt(training.beta_start), std::sqrt(training.beta_end),
                         training.steps, kFloats)
                .pow(2)
          : at::linspace(training.beta_start, training.beta_end, training.steps, kFloats);
  if (training.zero_terminal_snr) betas = rescaled_to_zero_snr(betas);
  NoiseTable table{.alphas_cumprod = at::cumprod(1.0 - betas, 0), .sigmas = {}, .log_sigmas = {}};
  if (training.zero_terminal_snr && keep_last_above_zero)
    table.alphas_cumprod[-1].fill_(std::ldexp(1.0, -24));
  const at::Tensor sigmas =
      at::pow((1 - table.alphas_cumprod) / table.alphas_cumprod, 0.5).contiguous();
  table.sigmas.assign(sigmas.const_data_ptr<float>(),
                      sigmas.const_data_ptr<float>() + sigmas.numel());
  for (const float sigma : table.sigmas) table.log_sigmas.push_back(numpy_log(sigma));
  return table;
}

float numpy_log(float value) {
  if (!std::isfinite(value) || value < 1.17549435e-38f) return std::log(value);
  constexpr float kP[] = {0.0f,
                          1.0f,
                          2.112677543073053063722f,
                          1.480000633576506585156f,
                          3.808837741388407920751e-1f,
                          2.589979117907922693523e-2f};
  constexpr float kQ[] = {1.0f,
                          2.612677543073109236779f,
                          2.453006071784736363091f,
                          9.864942958519418960339e-1f,
                          1.546476374983906719538e-1f,
                          5.875095403124574342950e-3f};
  int exponent = 0;
  float mantissa = std::frexp(value, &exponent);  // 1/2 to 1
  if (mantissa < 0.70710678118654752440f) {
    mantissa *= 2;
    --exponent;
  }
  const float y = mantissa - 1.0f;
  float p = kP[5], q = kQ[5];
  for (int i = 4; i >= 0; --i) {
    p = std::fma(p, y, kP[i]);
    q = std::fma(q, y, kQ[i]);
  }
  return std::fma(static_cast<float>(exponent), 0.693147180559945309417232121458176568f, p / q);
}

Spread read_spread(ConfigFields& fields, bool may_be_lu) {
  Spread spread = Spread::kByTimesteps;
  for (const auto& [name, how] : {std::pair{"use_karras_sigmas", Spread::kKarras},
                                  {"use_exponential_sigmas", Spread::kExponential},
                                  {"use_beta_sigmas", Spread::kBeta},
                                  {"use_lu_lambdas", Spread::kLu}}) {
    if (how == Spread::kLu && !may_be_lu) continue;
    if (!fields.get(name, false)) continue;
    if (spread != Spread::kByTimesteps)
      fields.complain(name, "only one way to spread the noise levels can be taken");
    spread = how;
  }
  return spread;
}

std::vector<double> linspace(double start, double stop, std::int64_t count) {
  std::vector<double> values;
  const double step = count > 1 ? (stop - start) / static_cast<double>(count - 1) : 0;
  for (std::int64_t i = 0; i < count; ++i)
    values.push_back(count > 1 && i == count - 1 ? stop : static_cast<double>(i) * step + start);
  return values;
}

std::vector<double> spread_levels(Spread spread, double highest, double lowest,
                                  std::int64_t steps) {
  std::vector<double> levels;
  switch (spread) {
    case Spread::kByTimesteps:
      break;
    case Spread::kKarras: {
      const double rho = 7.0, low = std::pow(lowest, 1 / rho), high = std::pow(highest, 1 / rho);
      for (const double ramp : linspace(0, 1, steps))
        levels.push_back(std::pow(high + ramp * (low - high), rho));
      break;
    }
    case Spread::kExponential:
      for (const double log : linspace(std::log(highest), std::log(lowest), steps))
        levels.push_back(std::exp(log));
      break;
    case Spread::kBeta:
      for (const double ramp : linspace(0, 1, steps))
        levels.push_back(lowest + beta_quantile(1 - ramp, 0.6) * (highest - lowest));
      break;
    case Spread::kLu: {
      const auto low = static_cast<double>(numpy_log(static_cast<float>(lowest))),
                 high = static_cast<double>(numpy_log(static_cast<float>(highest)));
      for (const double ramp : linspace(0, 1, steps))
        levels.push_back(std::exp(high + ramp * (low - high)));
      break;
    }
  }
  return levels;
}

double level_at(const NoiseTable& table, double timestep) {
  if (timestep <= 0) return table.sigmas.front();
  const auto last = static_cast<double>(table.sigmas.size() - 1);
  if (timestep >= last) return table.sigmas.back();
  const auto low = static_cast<std::size_t>(timestep);
  const double below = table.sigmas[low], above = table.sigmas[low + 1];
  return (above - below) * (timestep - static_cast<double>(low)) + below;
}

double timestep_of(double sigma, const NoiseTable& table) {
  return timestep_of_log(std::log(std::max(sigma, 1e-10)), table);
}

double timestep_of(float sigma, const NoiseTable& table) {
  return timestep_of_log(numpy_log(std::max(sigma, 1e-10f)), table);
}

Spacing read_spacing(ConfigFields& fields, Spacing spacing) {
  spacing.how = fields.get("timestep_spacing", spacing.how);
  fields.only("timestep_spacing", {"leading", "trailing", "linspace"});
  spacing.offset = fields.get("steps_offset", spacing.offset);
  return spacing;
}

std::vector<double> euler_timesteps(const Spacing& spacing, std::int64_t training,
                                    std::int64_t steps) {
  if (spacing.how == "trailing") return trailing(training, steps);
  std::vector<double> times;
  if (spacing.how == "linspace") {
    times = linspace(0, static_cast<double>(training - 1), steps);
    std::ranges::reverse(times);
    return times;
  }
  for (std::int64_t i = steps - 1; i >= 0; --i)
    times.push_back(static_cast<double>(i * (training / steps) + spacing.offset));
  return times;
}

std::vector<double> euler_timesteps(const StepsAsked& asked, const Spacing& spacing, Spread spread,
                                    std::int64_t training) {
  std::vector<double> times = asked.timesteps;
  if (times.empty()) {
    check_steps(asked.count, training);
    times = euler_timesteps(spacing, training, asked.count);
  } else {
    check_own_timesteps(spread);
  }
  for (double& time : times) time = static_cast<float>(time);
  return times;
}

std::vector<double> solver_timesteps(const Spacing& spacing, std::int64_t training,
                                     std::int64_t steps) {
  if (spacing.how == "trailing") return trailing(training, steps);
  std::vector<double> times;
  if (spacing.how == "linspace") {
    for (const double time : linspace(0, static_cast<double>(training - 1), steps + 1))
      times.push_back(std::nearbyint(time));
    std::ranges::reverse(times);
    times.pop_back();
    return times;
  }
  for (std::int64_t i = steps; i >= 1; --i)
    times.push_back(static_cast<double>(i * (training / (steps + 1)) + spacing.offset));
  return times;
}

std::vector<double> levels_at(const NoiseTable& table, const std::vector<double>& timesteps) {
  std::vector<double> levels;
  for (const double time : timesteps) levels.push_back(level_at(table, time));
  return levels;
}

void respread(SolverLevels& levels, Spread spread, std::optional<double> sigma_min,
              std::optional<double> sigma_max, const NoiseTable& table) {
  if (spread == Spread::kByTimesteps) return;
  levels.levels = spread_levels(spread, sigma_max.value_or(levels.levels.front()),
                                sigma_min.value_or(levels.levels.back()),
                                static_cast<std::int64_t>(levels.timesteps.size()));
  levels.timesteps.clear();
  for (const double level : levels.levels) levels.timesteps.push_back(timestep_of(level, table));
}

SolverLevels solver_levels(const NoiseTable& table, const Spacing& spacing, Spread spread,
                           double highest, double lowest, std::int64_t steps) {
  SolverLevels result;
  if (spread == Spread::kByTimesteps) {
    const auto training = static_cast<std::int64_t>(table.sigmas.size());
    result.timesteps = solver_timesteps(spacing, training, steps);
    result.levels = levels_at(table, result.timesteps);
    return result;
  }
  result.levels = spread_levels(spread, highest, lowest, steps);
  const bool is_rounded = spread == Spread::kKarras || spread == Spread::kLu;  // else cut off
  for (const double level : result.levels) {
    const double time = timestep_of(level, table);
    result.timesteps.push_back(is_rounded ? std::nearbyint(time) : std::trunc(time));
  }
  return result;
}

bool read_ends_at_zero(ConfigFields& fields) {
  const bool ends_at_zero = fields.get<std::string>("final_sigmas_type", "zero") == "zero";
  fields.only("final_sigmas_type", {"zero", "sigma_min"});
  return ends_at_zero;
}

void check_steps(std::int64_t steps, std::int64_t most) {
  if (steps < 1 || steps > most)
    throw UserError(fmt::format("steps = {}: must lie between 1 and {}", steps, most));
}

void check_own_timesteps(Spread spread) {
  if (spread != Spread::kByTimesteps)
    throw UserError(
        "timesteps: cannot be given where the sampler's config spreads the noise levels "
        "(use_karras_sigmas and its like), as in diffusers; name a scheduler_config.json without "
        "that in load.scheduler");
}

at::Tensor float_tensor(const std::vector<double>& values, at::Device device) {
  return at::tensor(values, at::TensorOptions().dtype(at::kDouble)).to(at::kFloat).to(device);
}

Level level_of(const at::Tensor& sigma) {
  const at::Tensor alpha = 1 / at::pow(at::pow(sigma, 2) + 1, 0.5), scaled = sigma * alpha;
  return {.alpha = alpha, .sigma = scaled, .lambda = at::log(alpha) - at::log(scaled)};
}

at::Tensor clean_at(const Level& level, const std::string& prediction_type,
                    const at::Tensor& latents, const at::Tensor& output) {
  if (prediction_type == "epsilon") return (latents - level.sigma * output) / level.alpha;
  if (prediction_type == "v_prediction") return level.alpha * latents - level.sigma * output;
  return output;
}

at::Tensor euler_init_noise_sigma(const Spacing& spacing, const at::Tensor& sigmas) {
  const at::Tensor highest = sigmas.max();
  return spacing.how == "leading" ? at::pow(at::pow(highest, 2) + 1, 0.5) : highest;
}

at::Tensor euler_scaled_input(const at::Tensor& latents, const at::Tensor& sigma) {
  return latents / at::pow(at::pow(sigma, 2) + 1, 0.5);
}

at::Tensor euler_clean(const std::string& prediction_type, const at::Tensor& sample,
                       const at::Tensor& output, const at::Tensor& sigma) {
  if (prediction_type == "epsilon") return sample - sigma * output;
  if (prediction_type == "v_prediction")
    return output * (-sigma / at::pow(at::pow(sigma, 2) + 1, 0.5)) +
           sample / (at::pow(sigma, 2) + 1);
  return output;
}

}  // namespace sameseed
