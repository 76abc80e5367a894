#include "reports/history/series.h"

#include <cmath>

#include "reports/statistics/change_points.h"

namespace sameseed {

std::vector<Plateau> plateaus_of(const Series& series) {
  std::vector<Plateau> plateaus;
  std::vector<std::size_t> runs;  // of the plateau, those with a value
  std::vector<double> values;
  bool first_recipe = true;
  const auto end_stretch = [&] {
    if (values.empty()) return;
    std::vector<std::size_t> starts = change_points(values);
    starts.insert(starts.begin(), 0);
    for (std::size_t i = 0; i < starts.size(); ++i) {
      const std::size_t end = i + 1 < starts.size() ? starts[i + 1] : values.size();
      double sum = 0;
      for (std::size_t j = starts[i]; j < end; ++j) sum += values[j];
      plateaus.push_back({.first = runs[starts[i]],
                          .count = end - starts[i],
                          .mean = sum / static_cast<double>(end - starts[i]),
                          .new_recipe = i == 0 && !first_recipe});
    }
    first_recipe = false;
    runs.clear();
    values.clear();
  };
  for (std::size_t i = 0; i < series.runs.size(); ++i) {
    if (i > 0 && series.runs[i].recipe != series.runs[i - 1].recipe) end_stretch();
    if (!series.points[i].value || !std::isfinite(*series.points[i].value)) continue;
    runs.push_back(i);
    values.push_back(*series.points[i].value);
  }
  end_stretch();
  return plateaus;
}

}  // namespace sameseed
