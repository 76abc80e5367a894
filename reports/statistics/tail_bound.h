// How bad the worst 5 % of prompts may be.
//
// Whatever the losses' distribution, the number of prompts beyond a bound is binomial, so "at most
// 5 % of prompts are beyond it" is an exact test of a share, as MLPerf's LoadGen stops a run by its
// tail latency (mlcommons/inference, loadgen/early_stopping.cc): at 95 % it takes 59 prompts with
// none beyond, 93 with one, 124 with two. Nothing is said of how far beyond those 5 % are. A model
// of the tail would answer from fewer prompts, and wrongly where a few pictures turn over: they are
// not of the distribution that the others are fitted to.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "reports/statistics/statistic_test.h"

namespace sameseed {

inline constexpr double kTail = 0.05;

struct TailOptions {
  double confidence = 0.95;  // of all bounds of the family together
  std::size_t family = 1;    // bounds that are looked at together (Bonferroni)
};

// The mean of the worst 5 % of these losses, at least of one, as in statistics.h; 0 without any. Of
// these losses only: it tells nothing of others.
double worst5_of(std::vector<double> losses);

// The fewest observations that show, at `alpha`, that at most 5 % of all are beyond a bound when
// `beyond` of them are.
std::size_t fewest_for_tail(std::size_t beyond, double alpha);

// What at most 5 % of all observations are beyond, of which `losses` are a sample: one of them.
// Nothing with fewer than fewest_for_tail(0, ...).
std::optional<double> worst5_bound(const std::vector<double>& losses,
                                   const TailOptions& options = {});

// Whether more than 5 % of all observations lie above `threshold` (p_above), or at most 5 % do
// (p_at_most). Exact for any number of observations. The estimate is the least of these values that
// at most 5 % of them are above; its bounds are those of the quantile it estimates.
StatisticTest test_worst5(const std::vector<double>& values, double threshold,
                          const TestOptions& options = {});

}  // namespace sameseed
