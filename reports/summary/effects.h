// Which switch: what each value of the candidate's switches costs and buys.
#pragma once

#include <nlohmann/json.hpp>

#include "reports/run/run_index.h"

namespace sameseed {

// `effects` of report.json (reports/FILES.md): main effects and two-way interactions over the
// settings that were compared with the reference, in loss (loss.h) on every metric, as a ratio of
// times on every timing. `comparisons` as in report.json, with their labels of equal values.
nlohmann::json effects_entry(const nlohmann::json& comparisons, const RunIndex& run);

}  // namespace sameseed
