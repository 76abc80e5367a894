// Cells that the tables of several formats share.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reports/run/labels.h"
#include "reports/summary/comparison.h"
#include "reports/summary/noise_floor.h"

namespace sameseed {

// The mean of a column's metric, or "-".
std::string mean_text(const Comparison& comparison, const Column& column);
// Time, candidate / other; "too few blocks (1 of 6)"; "-" where nothing was timed.
std::string ratio_text(const Comparison& comparison);
// The reference against itself, of the total: "1.00 [0.99, 1.01], no difference ... shown"; empty
// where there is no such row.
std::string time_floor_text(const Comparison& comparison);
// The mean of a floor's losses, or "-".
std::string floor_text(const FloorLosses& losses);
// Because -> how many combinations the matrix leaves out for it.
std::map<std::string, int> excluded_reasons(const std::vector<Excluded>& excluded);

}  // namespace sameseed
