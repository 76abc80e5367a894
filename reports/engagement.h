// The proof that a switch acted, from what its worker read and counted.
#pragma once

#include <nlohmann/json.hpp>

namespace sameseed {

// For each axis of the candidate in `setting`: {verdict, value, evidence}. Verdicts: "engaged" (its
// effect shows in a counter), "inert" (it cannot act here; the reason says why), "not engaged" (it
// was asked for and did not act, or the process read another value). `off` is the sample of the
// same request with the switches off, or null.
nlohmann::json engagement_of(const nlohmann::json& setting, const nlohmann::json& sample,
                             const nlohmann::json& off);

}  // namespace sameseed
