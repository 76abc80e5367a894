// Did the advice that a matrix gives hold on this machine?
#pragma once

#include <vector>

#include "reports/run/plan.h"
#include "reports/summary/effects.h"

namespace sameseed {

// An entry for each of the plan's `reasons` (a matrix's advice: an axis whose first value is what
// is advised, and why). Advice to leave a switch off is about quality and holds where turning it on
// costs the headline metric; advice to turn one on is about time and holds where that saves some.
// `answer`: "held", "did not hold" (the contrary is shown), "not shown", or "not judged" (the axis
// is not the candidate's, or does not vary). Pure.
std::vector<Advice> advice_of(const RunPlan& plan, const Effects& effects);

}  // namespace sameseed
