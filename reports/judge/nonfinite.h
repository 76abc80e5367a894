// Pictures that hold NaN or infinities, as causes of a verdict.
#pragma once

#include <vector>

#include "reports/judge/decision.h"
#include "reports/summary/summary.h"

namespace sameseed {

// A cause of kind "broken" for all cases that broke in the same environment and layer.
std::vector<Cause> nonfinite_causes(const Summary& summary);

}  // namespace sameseed
