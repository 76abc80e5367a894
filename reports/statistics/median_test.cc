#include "reports/statistics/median_test.h"

#include <algorithm>
#include <cmath>

#include "reports/statistics/paired_bootstrap.h"
#include "reports/statistics/statistics.h"

namespace sameseed {
namespace {

// The chance of `least` or more heads among n tosses.
double chance_of_heads(std::size_t least, std::size_t n) {
  const auto count = static_cast<double>(n);
  double chance = 0;
  for (std::size_t k = least; k <= n; ++k) {
    const auto heads = static_cast<double>(k);
    chance += std::exp(std::lgamma(count + 1) - std::lgamma(heads + 1) -
                       std::lgamma(count - heads + 1) - count * std::log(2.0));
  }
  return std::min(1.0, chance);
}

}  // namespace

StatisticTest test_median(const std::vector<double>& values, double threshold,
                          const TestOptions& options) {
  StatisticTest test{.n = values.size(), .low = {}, .high = {}};
  if (values.empty()) return test;
  test.estimate = median(values);
  if (test.n < kFewestObservations) return test;
  std::vector<double> sorted = values;
  std::ranges::sort(sorted);
  const auto above =
      static_cast<std::size_t>(sorted.end() - std::ranges::upper_bound(sorted, threshold));
  test.p_above = chance_of_heads(above, test.n);
  test.p_at_most = chance_of_heads(test.n - above, test.n);
  // So many observations at either end that a median beyond them would be too unlikely.
  std::size_t outside = 0;
  while (chance_of_heads(test.n - outside, test.n) <= options.alpha) ++outside;
  if (outside == 0) return test;
  test.low = sorted[outside - 1];
  test.high = sorted[test.n - outside];
  return test;
}

}  // namespace sameseed
