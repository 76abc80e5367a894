// Which cases hold NaN or infinities, and where these arose.
#pragma once

#include <vector>

#include "reports/run/run_index.h"
#include "reports/summary/summary.h"

namespace sameseed {

// `nonfinite` of report.json (reports/FILES.md): an entry a case, in the plan's order. Pure.
std::vector<NonfiniteCase> nonfinite_cases(const RunIndex& run);

}  // namespace sameseed
