// Which arm is nearer to the truth: "different" must not look like "worse".
#pragma once

#include <nlohmann/json.hpp>

#include "reports/run/run_index.h"

namespace sameseed {

// {METRIC: {unit, n, candidate, reference, difference, interval, reading}} of a comparison whose
// pairs name an oracle's case, null where they do not. `candidate` and `reference` are the mean
// losses (loss.h) of each arm against the oracle, `difference` the mean of candidate - reference
// pair by pair and `interval` its. `reading`: "candidate nearer" or "reference nearer" where the
// interval leaves 0 out, else "no difference shown".
nlohmann::json oracle_entry(const nlohmann::json& comparison, const RunIndex& run);

}  // namespace sameseed
