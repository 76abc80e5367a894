// Pictures whose latents or values came out as NaN or infinities.
#pragma once

#include <nlohmann/json.hpp>

#include "reports/run/run_index.h"

namespace sameseed {

// `nonfinite` of report.json (reports/FILES.md): an entry a case, in the plan's order. Pure.
nlohmann::json nonfinite_cases(const RunIndex& run);

// A cause of kind "broken" (verdict.h) for all cases that broke in the same environment and layer.
void add_nonfinite(const nlohmann::json& report, nlohmann::json& causes);

}  // namespace sameseed
