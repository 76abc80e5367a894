// The pairs that one would look at first.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "reports/judge/verdict.h"
#include "reports/summary/summary.h"

namespace sameseed {

struct WorstPair {
  const Comparison* comparison;
  const ScoredPair* pair;  // one of its `pairs`
};

// What decides which pairs are worst.
struct WorstBy {
  std::string metric;                 // empty where nothing was scored
  std::string gate = {};              // its label; empty: no gate decides
  std::string against = "reference";  // of the comparisons
  std::set<std::string> comparisons;  // ids: whose pairs they are
};

// The gates on a metric that failed, each with the settings that fail it; else those that are
// inconclusive; else the headline of the effects, over all comparisons against the reference. Never
// empty.
std::vector<WorstBy> worst_by(const Summary& summary, const Verdict& verdict);

// At most `count` pairs of these comparisons by badness of the metric, worst first; of pairs whose
// pictures are the same in several settings each counts. They point into `summary`.
std::vector<WorstPair> worst_pairs(const Summary& summary, const WorstBy& by, std::size_t count);

}  // namespace sameseed
