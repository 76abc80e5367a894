// Losses of one metric: a row a pair (its prompt and seed), a column a setting, an arm or a run;
// and how pairs become observations, which are prompts.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reports/run/scored_pair.h"
#include "reports/statistics/report_metric.h"

namespace sameseed {

struct PairKey {
  std::string prompt;  // Pair::observation(): prompts with equal token ids have one name
  std::uint64_t seed = 0;
  auto operator<=>(const PairKey&) const = default;
};

struct LossTable {
  std::vector<PairKey> pairs;               // a row each, in the order of their first appearance
  std::vector<std::vector<double>> losses;  // row -> column; NaN: not scored; may be infinite

  // One column; of several pairs of one prompt and seed the last counts.
  std::vector<double> column(std::size_t index) const;
};

PairKey key_of(const Pair& pair);

// A number a pair: of each prompt the mean over its seeds, in the prompts' order, which decides the
// draws of all resampling. Seeds of one prompt are no observations of their own: their losses
// correlate by .5 to .96.
std::vector<double> means_of_prompts(const std::map<PairKey, double>& values);

// For rows of estimate_family() over the table's pairs (NaN: not there) the same over its prompts.
std::vector<std::vector<double>> over_prompts(const std::vector<std::vector<double>>& rows,
                                              const std::vector<PairKey>& pairs);

LossTable loss_table(const ReportMetric& metric,
                     const std::vector<const std::vector<ScoredPair>*>& columns);

}  // namespace sameseed
