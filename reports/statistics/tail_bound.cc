#include "reports/statistics/tail_bound.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <random>

#include "reports/statistics/paired_bootstrap.h"

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

// Values of (true - estimated log tail mean) / estimated sigma that a sample of n would give,
// ascending.
std::vector<double> pivots(double sigma, std::size_t n, std::size_t count, std::uint64_t seed) {
  const double degrees = static_cast<double>(n - 1);
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::chi_squared_distribution<double> chi_squared(degrees);
  std::vector<double> values(count);
  const double truth = log_tail_mean(sigma);
  for (double& value : values) {
    const double mu = sigma * normal(random) / std::sqrt(static_cast<double>(n));
    const double spread = sigma * std::sqrt(chi_squared(random) / degrees);
    value = (truth - mu - log_tail_mean(spread)) / spread;
  }
  std::ranges::sort(values);
  return values;
}

// Of losses that are not all 0: the logarithms' mean and standard deviation. A 0 counts as the
// smallest of the others.
struct LogNormal {
  double mu = 0, sigma = 0;
  bool is_constant() const { return sigma < 1e-12; }
  double log_worst5() const { return mu + log_tail_mean(sigma); }
  // The mean of the worst 5 % that a pivot stands for.
  double worst5(double pivot) const { return std::exp(log_worst5() + sigma * pivot); }
};

std::optional<LogNormal> log_normal_of(const std::vector<double>& losses) {
  double least = std::numeric_limits<double>::infinity();
  for (const double loss : losses)
    if (loss > 0) least = std::min(least, loss);
  if (std::isinf(least)) return std::nullopt;
  const double n = static_cast<double>(losses.size());
  LogNormal fitted;
  for (const double loss : losses) fitted.mu += std::log(std::max(loss, least)) / n;
  double squares = 0;
  for (const double loss : losses)
    squares += std::pow(std::log(std::max(loss, least)) - fitted.mu, 2) / (n - 1);
  fitted.sigma = std::sqrt(squares);
  return fitted;
}

}  // namespace

double worst5_of(std::vector<double> losses) {
  const std::size_t tail = (losses.size() + 19) / 20;
  std::ranges::sort(losses, std::greater());
  double mean = 0;
  for (std::size_t i = 0; i < tail; ++i) mean += losses[i] / static_cast<double>(tail);
  return mean;
}

std::optional<double> worst5_bound(const std::vector<double>& losses, const TailOptions& options) {
  if (losses.size() < kFewestObservations) return std::nullopt;
  const std::optional<LogNormal> fitted = log_normal_of(losses);
  if (!fitted) return 0.0;
  if (fitted->is_constant()) return std::exp(fitted->mu);
  const double wrong = (1 - options.confidence) / static_cast<double>(options.family);
  const auto count = static_cast<std::size_t>(std::max(5000.0, 20 / wrong));
  const std::vector<double> values = pivots(fitted->sigma, losses.size(), count, options.seed);
  const auto place =
      static_cast<std::size_t>(std::ceil((1 - wrong) * static_cast<double>(values.size() - 1)));
  return fitted->worst5(values[place]);
}

StatisticTest test_worst5(const std::vector<double>& losses, double threshold,
                          const TestOptions& options) {
  StatisticTest test{.n = losses.size(), .low = {}, .high = {}};
  if (losses.empty()) return test;
  test.estimate = worst5_of(losses);
  if (test.n < kFewestObservations) return test;
  const std::optional<LogNormal> fitted = log_normal_of(losses);
  const bool is_above = test.estimate > threshold;
  if (!fitted || fitted->is_constant()) {
    test.low = test.high = test.estimate;
    test.p_above = is_above ? 0 : 1;
    test.p_at_most = is_above ? 1 : 0;
    return test;
  }
  const auto count = static_cast<std::size_t>(std::max(5000, options.resamples));
  const std::vector<double> values = pivots(fitted->sigma, test.n, count, options.seed);
  const double all = static_cast<double>(count) + 1,
               t = (std::log(std::max(threshold, 0.0)) - fitted->log_worst5()) / fitted->sigma;
  const auto below = std::ranges::upper_bound(values, t) - values.begin();
  if (is_above)
    test.p_above = (static_cast<double>(below) + 1) / all;
  else
    test.p_at_most = (all - static_cast<double>(below)) / all;
  const auto bound = [&](double share) {
    const auto place = static_cast<std::size_t>(share * static_cast<double>(count - 1));
    return fitted->worst5(values[place]);
  };
  test.low = std::min(bound(options.alpha), test.estimate);
  test.high = std::max(bound(1 - options.alpha), test.estimate);
  return test;
}

}  // namespace sameseed
