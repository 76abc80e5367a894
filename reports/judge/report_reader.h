// report.json read back into types: a second edge, for what an accepted run was found to be.
#pragma once

#include <nlohmann/json.hpp>

#include "reports/summary/summary.h"

namespace sameseed {

// What judging and comparing pairs read of a report: names, axes, metrics, cohort, failures, noise
// floor, and of each comparison its setting, status, scores, pairs, proofs and times. The rest
// stays empty, and so do fields that are not there.
Summary summary_of_report(const nlohmann::json& report);

}  // namespace sameseed
