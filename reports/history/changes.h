// What else changed where a number did, in words.
#pragma once

#include <string>
#include <vector>

#include "reports/history/series.h"

namespace sameseed {

// "2026-10-11"
std::string day_of(const SeriesRun& run);

// "between /runs/1 (2026-10-10) and /runs/2 (2026-10-11), driver 580 -> 590, n 12 -> 8": all that
// changed on the way from one run of the series to a later one.
std::string changes_text(const Series& series, std::size_t from, std::size_t to);

// Lines about runs whose numbers say less than they seem to: without a value, that failed, or of
// another n than the run before.
std::vector<std::string> doubts_of(const Series& series);

}  // namespace sameseed
