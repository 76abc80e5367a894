// Whether the true median of what was measured on observations lies above a threshold: the sign
// test, which is exact however the observations are distributed (Conover 1999, Practical
// Nonparametric Statistics, 3.4 and 3.2), and for the bounds the order statistics that belong to
// it.
#pragma once

#include <vector>

#include "reports/statistics/statistic_test.h"

namespace sameseed {

// Values are finite. Observations on the threshold itself speak for neither side's claim but "at
// most".
StatisticTest test_median(const std::vector<double>& values, double threshold,
                          const TestOptions& options = {});

}  // namespace sameseed
