// The pairs that one would look at first.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reports/judge/verdict.h"
#include "reports/summary/summary.h"

namespace sameseed {

struct WorstPair {
  const Comparison* comparison;
  const ScoredPair* pair;  // one of its `pairs`
};

// The metric that decides which pairs are worst: that of the first gate that failed, else of the
// first that is inconclusive, else the headline of the effects; empty where nothing was scored.
std::string worst_by(const Summary& summary, const Verdict& verdict);

// At most `count` pairs of comparisons against the reference by badness of `metric`, worst first;
// of pairs whose pictures are the same in several settings each counts. They point into `summary`.
std::vector<WorstPair> worst_pairs(const Summary& summary, const std::string& metric,
                                   std::size_t count);

}  // namespace sameseed
