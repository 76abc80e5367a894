// What observations (prompts, timed blocks) tell of the true value of a statistic, and
// whether it lies above a threshold.
// * the mean: mean_test.h
// * the median: median_test.h
// * the worst 5 %: tail_bound.h
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace sameseed {

struct TestOptions {
  double alpha = 0.05;  // the chance that either bound is wrong
  int resamples = 1999;
  std::uint64_t seed = 1;
};

struct StatisticTest {
  std::size_t n = 0;    // observations
  double estimate = 0;  // the statistic of these observations; 0 without any
  // Of means: the standard deviation from observation to observation; 0 where all are equal.
  std::optional<double> spread;
  std::optional<std::size_t> above;  // of the worst 5 %: observations above the threshold
  // Each a one-sided bound at 1 - alpha; absent where the observations or their resamples bound
  // nothing, for means and medians with fewer than kFewestObservations (paired_bootstrap.h).
  std::optional<double> low, high;
  // The chance of an estimate as far from the threshold or further, where the true value is on its
  // other side. At most alpha: the sample shows that the true value is above (is at most) it.
  // 1 with too few observations.
  double p_above = 1, p_at_most = 1;
};

}  // namespace sameseed
