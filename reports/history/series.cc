#include "reports/history/series.h"

#include <algorithm>
#include <cmath>

#include "reports/statistics/change_points.h"

namespace sameseed {
namespace {

// Runs of one recipe that have a value.
struct Stretch {
  std::vector<std::size_t> runs;
  std::vector<double> values;
};

std::vector<Plateau> plateaus_of_stretch(const Stretch& stretch) {
  const auto& [runs, values] = stretch;
  std::vector<std::size_t> starts = change_points(values);
  starts.insert(starts.begin(), 0);
  const std::vector<std::size_t> good = good_nights(values);
  std::vector<Plateau> plateaus;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t end = i + 1 < starts.size() ? starts[i + 1] : values.size();
    Plateau plateau = {.first = runs[starts[i]], .count = end - starts[i]};
    double sum = 0;
    for (std::size_t j = starts[i]; j < end; ++j)
      if (std::ranges::binary_search(good, j))
        sum += values[j];
      else
        plateau.bad.push_back(runs[j]);
    plateau.mean = sum / static_cast<double>(plateau.count - plateau.bad.size());
    const auto first = std::ranges::lower_bound(good, starts[i]);
    if (first != good.begin()) plateau.last_before = runs[*std::prev(first)];
    plateaus.push_back(std::move(plateau));
  }
  return plateaus;
}

}  // namespace

std::vector<Plateau> plateaus_of(const Series& series) {
  std::vector<Plateau> plateaus;
  Stretch stretch;
  bool first_recipe = true;
  const auto end_stretch = [&] {
    if (stretch.values.empty()) return;
    std::vector<Plateau> found = plateaus_of_stretch(stretch);
    found.front().new_recipe = !first_recipe;
    plateaus.insert(plateaus.end(), found.begin(), found.end());
    first_recipe = false;
    stretch = {};
  };
  for (std::size_t i = 0; i < series.runs.size(); ++i) {
    if (i > 0 && series.runs[i].recipe != series.runs[i - 1].recipe) end_stretch();
    if (!series.points[i].value || !std::isfinite(*series.points[i].value)) continue;
    stretch.runs.push_back(i);
    stretch.values.push_back(*series.points[i].value);
  }
  end_stretch();
  return plateaus;
}

std::vector<Series> by_recipe(const Series& series) {
  std::vector<Series> all;
  bool came_again = false;
  for (std::size_t i = 0; i < series.runs.size(); ++i) {
    const std::string& recipe = series.runs[i].recipe;
    auto of = std::ranges::find_if(
        all, [&](const Series& one) { return one.runs.front().recipe == recipe; });
    if (of == all.end())
      of = all.insert(all.end(), Series{.name = series.name, .runs = {}, .points = {}});
    else
      came_again = came_again || series.runs[i - 1].recipe != recipe;
    of->runs.push_back(series.runs[i]);
    of->points.push_back(series.points[i]);
  }
  return came_again ? all : std::vector<Series>{series};
}

}  // namespace sameseed
