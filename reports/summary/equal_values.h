// Values of an axis that mean the same to an engine, such as "1" and unset.
#pragma once

#include <vector>

#include "reports/summary/comparison.h"

namespace sameseed {

// Gives each proof of all comparisons' engagement `same_as`: the other values that mean the same to
// the same engine. `axes` are the plan's.
void label_equal_values(std::vector<Comparison>& comparisons, const std::vector<SweepAxis>& axes);

}  // namespace sameseed
