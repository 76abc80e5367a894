#include "bench/plan/points.h"

#include <algorithm>

namespace sameseed {

std::vector<Point> points(const std::vector<Axis>& axes) {
  std::size_t count = 1;
  for (const Axis& axis : axes) count *= axis.values.size();
  std::vector<Point> all(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t rest = i;
    for (auto axis = axes.rbegin(); axis != axes.rend(); rest /= axis->values.size(), ++axis)
      all[i][axis->name] = axis->values[rest % axis->values.size()];
  }
  return all;
}

std::vector<Point> whole_settings(const std::vector<Point>& settings,
                                  const std::vector<Axis>& axes) {
  Point first;  // of the axes that a setting names
  for (const Point& setting : settings)
    for (const Axis& axis : axes)
      if (setting.contains(axis.name)) first[axis.name] = axis.values.front();
  std::vector<Point> whole = settings;
  for (Point& setting : whole) setting.insert(first.begin(), first.end());
  return whole;
}

bool is_asked_for(const Point& point, const std::vector<Point>& whole_settings) {
  return whole_settings.empty() || std::ranges::any_of(whole_settings, [&](const Point& asked) {
           return std::ranges::all_of(
               asked, [&](const auto& axis) { return point.at(axis.first) == axis.second; });
         });
}

std::vector<Point> planned_points(const Matrix& matrix) {
  const std::vector<Point> whole = whole_settings(matrix.settings, matrix.axes);
  std::vector<Point> all = points(matrix.axes);
  std::erase_if(all, [&](const Point& point) { return !is_asked_for(point, whole); });
  return all;
}

}  // namespace sameseed
