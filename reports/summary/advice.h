// Did the advice that a matrix gives hold on this machine?
#pragma once

#include <nlohmann/json.hpp>

namespace sameseed {

// An entry for each of the plan's `reasons` (a matrix's advice: an axis whose first value is what
// is advised, and why): {"axis", "value", "because", "answer", "shown": [sentence]}. Advice to
// leave a switch off is about quality and holds where turning it on costs the headline metric;
// advice to turn one on is about time and holds where that saves some. `answer`: "held", "did not
// hold" (the contrary is shown), "not shown", or "not judged" (the axis is not the candidate's, or
// does not vary). `effects` as in report.json. Pure.
nlohmann::json advice_entries(const nlohmann::json& plan, const nlohmann::json& effects);

}  // namespace sameseed
