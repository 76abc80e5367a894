// Which combinations of the axes' values a sweep makes.
#pragma once

#include <vector>

#include "bench/plan/matrix.h"

namespace sameseed {

// Every point of the axes; the last axis turns fastest.
std::vector<Point> points(const std::vector<Axis>& axes);

// Those that the matrix's `settings` ask for.
std::vector<Point> planned_points(const Matrix& matrix);

}  // namespace sameseed
