// Losses of one metric: a row a pair (its prompt and seed), a column a setting, an arm or a run.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "reports/run/scored_pair.h"
#include "reports/statistics/report_metric.h"

namespace sameseed {

struct PairKey {
  std::string prompt;
  std::uint64_t seed = 0;
  auto operator<=>(const PairKey&) const = default;
};

struct LossTable {
  std::vector<PairKey> pairs;               // a row each, in the order of their first appearance
  std::vector<std::vector<double>> losses;  // row -> column; NaN: not scored; may be infinite

  // One column; of several pairs of one prompt and seed the last counts.
  std::vector<double> column(std::size_t index) const;
};

LossTable loss_table(const ReportMetric& metric,
                     const std::vector<const std::vector<ScoredPair>*>& columns);

}  // namespace sameseed
