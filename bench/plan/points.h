// Which combinations of the axes' values a sweep makes.
#pragma once

#include <vector>

#include "bench/plan/matrix.h"

namespace sameseed {

// Every point of the axes; the last axis turns fastest.
std::vector<Point> points(const std::vector<Axis>& axes);

// Whether a point is one of these settings: an axis that one of them names has its first value in
// those that do not name it, and axes that none names have any. Without settings it is.
bool is_asked_for(const Point& point, const std::vector<Point>& settings,
                  const std::vector<Axis>& axes);

// Those that the matrix's `settings` ask for.
std::vector<Point> planned_points(const Matrix& matrix);

}  // namespace sameseed
