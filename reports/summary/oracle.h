// Which arm is nearer to the truth: "different" must not look like "worse".
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reports/run/loss_table.h"
#include "reports/run/scored_pair.h"
#include "reports/statistics/estimate.h"

namespace sameseed {

struct OracleReading {
  std::string unit;                     // of losses
  double candidate = 0, reference = 0;  // mean loss of each arm against the oracle
  // Mean of candidate - reference, pair by pair and then prompt by prompt; its interval holds with
  // those of all other metrics together. n: prompts; 0: nothing was scored.
  Estimate difference;
  // "candidate nearer" or "reference nearer" where the interval leaves 0 out, else "no difference
  // shown"; "too few" below the fewest prompts; kNotAllPairs; kReferenceIsOracle; empty without
  // pairs.
  std::string reading;
};
// What is missing need not be like the rest.
inline constexpr const char* kNotAllPairs = "not all pairs were scored";
// Nothing can be nearer to it.
inline constexpr const char* kReferenceIsOracle = "the reference is the oracle";

// By metric, of one comparison's pairs; nothing where they name no oracle.
std::optional<std::map<std::string, OracleReading>> oracle_of(
    const std::vector<ScoredPair>& pairs, const std::vector<ReportMetric>& metrics);

// Losses of one metric against the oracle, of the pairs in which both arms have one.
struct OracleLosses {
  std::map<PairKey, double> candidate, reference, difference;
};
OracleLosses oracle_losses(const ReportMetric& metric, const std::vector<ScoredPair>& pairs);

}  // namespace sameseed
