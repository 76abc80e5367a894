// How bad the worst 5 % of pairs may be, from a few pairs.
//
// A tail is no mean: drawings with replacement never hold anything worse than the worst pair, and
// their nominal 95 % bound of the worst 5 % is a 60 to 84 % one at 6 to 48 pairs. So losses are
// taken for log-normal, which those of one setting over prompts and seeds come near to, and the
// uncertainty of both its parameters is carried through (a parametric bootstrap-t, which is exact
// for a location and a scale). Losses with a heavier tail than that are bounded less surely.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "reports/statistics/statistic_test.h"

namespace sameseed {

struct TailOptions {
  double confidence = 0.95;  // of all bounds of the family together
  std::size_t family = 1;    // bounds that are looked at together (Bonferroni)
  std::uint64_t seed = 1;
};

// The mean of the worst 5 % of these losses, at least of one, as in statistics.h; 0 without any.
double worst5_of(std::vector<double> losses);

// An upper bound for the mean of the worst 5 % of all pairs, of which `losses` (0 and up) are a
// sample. 0 where all are 0; a single 0 among others counts as the smallest of these. Nothing with
// fewer than kFewestObservations (paired_bootstrap.h).
std::optional<double> worst5_bound(const std::vector<double>& losses,
                                   const TailOptions& options = {});

// Whether the true mean of the worst 5 % lies above `threshold` (a loss, 0 and up). The estimate is
// that of the sample itself, and where that is on one side of the threshold the other one is never
// shown: the log-normal only says how sure it is.
StatisticTest test_worst5(const std::vector<double>& losses, double threshold,
                          const TestOptions& options = {});

}  // namespace sameseed
