// The floor of times: the reference against itself, in blocks like those of any comparison.
#pragma once

#include <string>
#include <vector>

#include "reports/run/run_index.h"
#include "reports/summary/speed.h"

namespace sameseed {

// Both arms of `speed` are the reference in one environment.
struct TimeFloorRow {
  std::string id, environment;
  Speed speed;
};

// Empty where the plan has none.
std::vector<TimeFloorRow> time_floor_of(const RunIndex& run);

// Puts the row beside each of a comparison's timings, with a reading where both have a ratio: block
// i of the comparison against block i of the reference against itself, by the interval of the
// geometric mean of their quotients.
void set_time_floor_beside(const TimeFloorRow& row, Speed& speed);

// "1.00 [0.99, 1.01]", "too few blocks (2 of 6)", and the reading where no difference is shown.
std::string told(const AgainstItself& itself);

}  // namespace sameseed
