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

bool is_asked_for(const Point& point, const std::vector<Point>& settings,
                  const std::vector<Axis>& axes) {
  if (settings.empty()) return true;
  Point first;  // of the axes that a setting names
  for (const Point& setting : settings)
    for (const Axis& axis : axes)
      if (setting.contains(axis.name)) first[axis.name] = axis.values.front();
  return std::ranges::any_of(settings, [&](Point asked) {
    asked.insert(first.begin(), first.end());
    return std::ranges::all_of(
        asked, [&](const auto& axis) { return point.at(axis.first) == axis.second; });
  });
}

std::vector<Point> planned_points(const Matrix& matrix) {
  std::vector<Point> all = points(matrix.axes);
  std::erase_if(
      all, [&](const Point& point) { return !is_asked_for(point, matrix.settings, matrix.axes); });
  return all;
}

}  // namespace sameseed
