// The pairs that one would look at first.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sameseed {

struct WorstPair {
  const nlohmann::json* comparison;
  const nlohmann::json* pair;  // one of its `cases`
};

// The metric that decides which pairs are worst: that of the first gate that failed, else of the
// first that is inconclusive, else the headline of the effects; empty where nothing was scored.
// `summary` as in report.json.
std::string worst_by(const nlohmann::json& summary);

// At most `count` pairs of comparisons against the reference by badness of `metric`, worst first;
// of pairs whose pictures are the same in several settings each counts. They point into `summary`.
std::vector<WorstPair> worst_pairs(const nlohmann::json& summary, const std::string& metric,
                                   std::size_t count);

}  // namespace sameseed
