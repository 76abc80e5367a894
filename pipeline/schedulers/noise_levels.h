// Noise levels of training, and those that a sampler visits. As diffusers makes them
// (huggingface/diffusers, schedulers/scheduling_euler_discrete.py and its siblings): in the types
// and in the order of operations that it has, since a table made otherwise differs in last bits.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/model/config_fields.h"
#include "pipeline/schedulers/scheduler.h"

namespace sameseed {

// The betas of training.
struct TrainingNoise {
  std::int64_t steps = 1000;
  double beta_start = 0.0001, beta_end = 0.02;
  std::string beta_schedule = "linear";  // or "scaled_linear"
  bool zero_terminal_snr = false;
};
// Reads num_train_timesteps, beta_*, trained_betas (refused) and, where `may_rescale`,
// rescale_betas_zero_snr.
TrainingNoise read_training_noise(ConfigFields& fields, TrainingNoise defaults = {},
                                  bool may_rescale = true);

struct NoiseTable {
  at::Tensor alphas_cumprod;      // [training steps], float32
  std::vector<float> sigmas;      // by training step
  std::vector<float> log_sigmas;  // as numpy takes them, numpy_log
};
// `keep_last_above_zero`: what was rescaled to zero SNR ends at 2^-24, so that no level is
// infinite.
NoiseTable noise_table(const TrainingNoise& training, bool keep_last_above_zero = true);

// numpy's logarithm of a float32 on a CPU with AVX2 and FMA or with AVX-512, to the bit
// (numpy/numpy:numpy/_core/src/umath/loops_exponent_log.dispatch.c.src). `value` is normal and > 0.
float numpy_log(float value);

// How the levels between the first and the last are spread.
enum class Spread { kByTimesteps, kKarras, kExponential, kBeta, kLu };
// Reads use_karras_sigmas, use_exponential_sigmas, use_beta_sigmas (and use_lu_lambdas where
// `may_be_lu`); refuses more than one of them.
Spread read_spread(ConfigFields& fields, bool may_be_lu = false);
// [steps] levels from `highest` to `lowest`, by rho = 7 (Karras et al. 2022, arXiv 2206.00364),
// evenly in their logarithm, or by the quantiles of the beta distribution of .6 and .6 (Lee et al.
// 2024, arXiv 2407.12173).
std::vector<double> spread_levels(Spread spread, double highest, double lowest, std::int64_t steps);

// The table between its entries, in double; held at its ends.
double level_at(const NoiseTable& table, double timestep);
// The timestep whose noise level is `sigma`, linear in log sigma.
double timestep_of(double sigma, const NoiseTable& table);
// The same in float32 but for the last sum, as numpy makes it of levels in float32.
double timestep_of(float sigma, const NoiseTable& table);

// Descending. "Euler-like": Euler, its ancestral kin, Heun; "of DDIM" rounds them; "of solvers":
// DPM-Solver and UniPC, which lay N + 1 of them and leave out the lowest.
struct Spacing {
  std::string how = "linspace";  // or "leading", "trailing"
  std::int64_t offset = 0;
};
Spacing read_spacing(ConfigFields& fields, Spacing defaults = {});
std::vector<double> euler_timesteps(const Spacing& spacing, std::int64_t training,
                                    std::int64_t steps);
// Those that are asked for, which no spread may go with, else by their number; rounded to float32.
std::vector<double> euler_timesteps(const StepsAsked& asked, const Spacing& spacing, Spread spread,
                                    std::int64_t training);
std::vector<double> solver_timesteps(const Spacing& spacing, std::int64_t training,
                                     std::int64_t steps);
// The levels of these timesteps, float32 tables as diffusers has them.
std::vector<double> levels_at(const NoiseTable& table, const std::vector<double>& timesteps);
// Timesteps, of solvers whole numbers, and one level for each.
struct SolverLevels {
  std::vector<double> timesteps, levels;
};
// Of the Euler-like: spreads as many levels between the first and the last, or those named.
void respread(SolverLevels& levels, Spread spread, std::optional<double> sigma_min,
              std::optional<double> sigma_max, const NoiseTable& table);
SolverLevels solver_levels(const NoiseTable& table, const Spacing& spacing, Spread spread,
                           double highest, double lowest, std::int64_t steps);
// Reads final_sigmas_type: "zero", or "sigma_min".
bool read_ends_at_zero(ConfigFields& fields);

// numpy's linspace, its last value exactly `stop`.
std::vector<double> linspace(double start, double stop, std::int64_t count);

// Throws UserError where 1 <= steps <= most does not hold.
void check_steps(std::int64_t steps, std::int64_t most);
// Throws UserError where the levels are spread otherwise, so that timesteps cannot be given.
void check_own_timesteps(Spread spread);

at::Tensor float_tensor(const std::vector<double>& values, at::Device device = at::kCPU);

// sigma / sqrt(sigma^2 + 1) and what belongs to it, of a level in the variance-exploding scale.
struct Level {
  at::Tensor alpha, sigma, lambda;  // scalars, float32; lambda: log alpha - log sigma
};
Level level_of(const at::Tensor& sigma);
// The clean latents by the network's output, "epsilon", "v_prediction" or "sample".
at::Tensor clean_at(const Level& level, const std::string& prediction_type,
                    const at::Tensor& latents, const at::Tensor& output);

// What Euler's method and its ancestral kin share. The first noise is as large as the highest
// level.
at::Tensor euler_init_noise_sigma(const Spacing& spacing, const at::Tensor& sigmas);
at::Tensor euler_scaled_input(const at::Tensor& latents, const at::Tensor& sigma);
at::Tensor euler_clean(const std::string& prediction_type, const at::Tensor& sample,
                       const at::Tensor& output, const at::Tensor& sigma);

}  // namespace sameseed
