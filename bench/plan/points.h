// Which combinations of the axes' values a sweep makes.
#pragma once

#include <vector>

#include "bench/plan/matrix.h"

namespace sameseed {

// Every point of the axes; the last axis turns fastest.
std::vector<Point> points(const std::vector<Axis>& axes);

// Settings with all axes that one of them names: the first value in those that did not name it.
std::vector<Point> whole_settings(const std::vector<Point>& settings,
                                  const std::vector<Axis>& axes);

// Whether a point is one of these, whatever its other axes are. Without settings it is.
bool is_asked_for(const Point& point, const std::vector<Point>& whole_settings);

// Those that the matrix's `settings` ask for.
std::vector<Point> planned_points(const Matrix& matrix);

}  // namespace sameseed
