#include "reports/statistics/tail_bound.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "reports/statistics/distributions.h"

namespace sameseed {
namespace {

// The most of n that may lie beyond a bound while it is shown that at most 5 % of all do; nothing
// where n is too small for any.
std::optional<std::size_t> most_beyond(std::size_t n, double alpha) {
  std::size_t beyond = 0;
  while (beyond < n && chance_of_at_most(beyond, n, kTail) <= alpha) ++beyond;
  return beyond == 0 ? std::nullopt : std::optional(beyond - 1);
}

// The least of n that, beyond a bound, show that more than 5 % of all are; nothing where not even
// all do.
std::optional<std::size_t> least_beyond(std::size_t n, double alpha) {
  for (std::size_t beyond = 1; beyond <= n; ++beyond)
    if (chance_of_at_least(beyond, n, kTail) <= alpha) return beyond;
  return std::nullopt;
}

}  // namespace

double worst5_of(std::vector<double> losses) {
  const std::size_t tail = (losses.size() + 19) / 20;
  std::ranges::sort(losses, std::greater());
  double mean = 0;
  for (std::size_t i = 0; i < tail; ++i) mean += losses[i] / static_cast<double>(tail);
  return mean;
}

std::size_t fewest_for_tail(std::size_t beyond, double alpha) {
  std::size_t n = beyond + 1;
  while (chance_of_at_most(beyond, n, kTail) > alpha) ++n;
  return n;
}

std::optional<double> worst5_bound(const std::vector<double>& losses, const TailOptions& options) {
  return test_worst5(losses, 0,
                     {.alpha = (1 - options.confidence) / static_cast<double>(options.family)})
      .high;
}

StatisticTest test_worst5(const std::vector<double>& values, double threshold,
                          const TestOptions& options) {
  StatisticTest test{.n = values.size(), .low = {}, .high = {}};
  if (values.empty()) return test;
  std::vector<double> sorted = values;
  std::ranges::sort(sorted, std::greater());
  const auto above = std::ranges::count_if(values, [&](double one) { return one > threshold; });
  test.above = static_cast<std::size_t>(above);
  test.estimate = sorted[test.n / 20];
  test.p_above = chance_of_at_least(*test.above, test.n, kTail);
  test.p_at_most = chance_of_at_most(*test.above, test.n, kTail);
  if (const auto most = most_beyond(test.n, options.alpha)) test.high = sorted[*most];
  if (const auto least = least_beyond(test.n, options.alpha)) test.low = sorted[*least - 1];
  return test;
}

}  // namespace sameseed
