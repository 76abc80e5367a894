// Which arm is nearer to the truth: "different" must not look like "worse".
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "reports/run/made_comparison.h"
#include "reports/statistics/estimate.h"

namespace sameseed {

struct OracleReading {
  std::string unit;                     // of losses
  double candidate = 0, reference = 0;  // mean loss of each arm against the oracle
  Estimate difference;  // mean of candidate - reference, pair by pair; n = 0: nothing was scored
  // "candidate nearer" or "reference nearer" where the interval leaves 0 out, else "no difference
  // shown"; empty without pairs.
  std::string reading;
};

// By metric; nothing where the comparison's pairs name no oracle.
std::optional<std::map<std::string, OracleReading>> oracle_of(
    const MadeComparison& comparison, const std::vector<ReportMetric>& metrics);

}  // namespace sameseed
