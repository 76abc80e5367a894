#include "reports/tail_bound.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

#include "reports/paired_bootstrap.h"

namespace sameseed {
namespace {

constexpr double kTail = 0.05;
constexpr double kQuantile = 1.6448536269514722;  // of the standard normal, at 1 - kTail

// The logarithm of the mean of the worst 5 % of a log-normal of mu 0: exp(s^2 / 2) Phi(s - q) /
// tail (expected shortfall; McNeil, Frey and Embrechts 2015, 2.2.4).
double log_tail_mean(double sigma) {
  const double share = std::erfc((kQuantile - sigma) / std::numbers::sqrt2) / 2;
  return sigma * sigma / 2 + std::log(share / kTail);
}

// Values of (true - estimated log tail mean) / estimated sigma that a sample of n would give.
std::vector<double> pivots(double sigma, std::size_t n, const TailOptions& options) {
  const double wrong = (1 - options.confidence) / static_cast<double>(options.family);
  const auto count = static_cast<std::size_t>(std::max(5000.0, 20 / wrong));
  const double degrees = static_cast<double>(n - 1);
  std::mt19937_64 random(options.seed);
  std::normal_distribution<double> normal;
  std::chi_squared_distribution<double> chi_squared(degrees);
  std::vector<double> values(count);
  const double truth = log_tail_mean(sigma);
  for (double& value : values) {
    const double mu = sigma * normal(random) / std::sqrt(static_cast<double>(n));
    const double spread = sigma * std::sqrt(chi_squared(random) / degrees);
    value = (truth - mu - log_tail_mean(spread)) / spread;
  }
  return values;
}

}  // namespace

std::optional<double> worst5_bound(const std::vector<double>& losses, const TailOptions& options) {
  if (losses.size() < kFewestUnits) return std::nullopt;
  double least = std::numeric_limits<double>::infinity();
  for (const double loss : losses)
    if (loss > 0) least = std::min(least, loss);
  if (std::isinf(least)) return 0.0;
  const double n = static_cast<double>(losses.size());
  double mean = 0, squares = 0;
  for (const double loss : losses) mean += std::log(std::max(loss, least)) / n;
  for (const double loss : losses)
    squares += std::pow(std::log(std::max(loss, least)) - mean, 2) / (n - 1);
  const double sigma = std::sqrt(squares);
  if (sigma < 1e-12) return std::exp(mean);
  std::vector<double> values = pivots(sigma, losses.size(), options);
  const double wrong = (1 - options.confidence) / static_cast<double>(options.family);
  const auto place =
      values.begin() +
      static_cast<std::ptrdiff_t>(std::ceil((1 - wrong) * static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), place, values.end());
  return std::exp(mean + log_tail_mean(sigma) + sigma * *place);
}

}  // namespace sameseed
