#include "reports/statistics/median_test.h"

#include <algorithm>

#include "reports/statistics/distributions.h"
#include "reports/statistics/paired_bootstrap.h"
#include "reports/statistics/statistics.h"

namespace sameseed {
namespace {

double chance_of_heads(std::size_t least, std::size_t n) {
  return chance_of_at_least(least, n, 0.5);
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
