// A pair of cases as the report holds it.
#pragma once

#include <nlohmann/json.hpp>

#include "reports/run/run_index.h"

namespace sameseed {

// {candidate, reference, prompt, seed, values, nonfinite}: `values` are the pair's scores by
// metric, null where not finite, with the word in `nonfinite`; empty where it has none. `pair` as
// in the plan.
nlohmann::json pair_entry(const nlohmann::json& pair, const RunIndex& run);

}  // namespace sameseed
