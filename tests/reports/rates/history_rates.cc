// Rows about steps in the history: series of nights, looked at every night.
#include <fmt/format.h>

#include "tests/reports/rates/rates.h"
#include "tests/reports/statistics/nights.h"

namespace sameseed {
namespace {

using Ought = RateRow::Ought;

constexpr std::size_t kNights = 60, kWithin = 10;

struct FlatSeries {
  const char* what;
  std::function<std::vector<double>(Random&)> draw;
  double most;  // of series that are ever shown a step; 0: told only
};

std::function<std::vector<double>(Random&)> alike(double correlation) {
  return [=](Random& random) { return nights(random, correlation, kNights, 0, 0); };
}

// A value a night, made by `of_night`.
template <typename OfNight>
std::vector<double> each_night(OfNight of_night) {
  std::vector<double> values;
  for (std::size_t i = 0; i < kNights; ++i) values.push_back(of_night(i));
  return values;
}

std::vector<double> heavy_tailed(Random& random) {
  std::student_t_distribution<double> student(3);
  return each_night([&](std::size_t) { return student(random); });
}

std::vector<double> with_weekends(Random& random) {
  return each_night([&](std::size_t night) { return normal(random) + (night % 7 >= 5 ? 1 : 0); });
}

}  // namespace

std::vector<RateRow> history_rows() {
  std::vector<RateRow> rows;
  const FlatSeries flat[] = {
      {"independent, normal", alike(0), 0.05},
      {"neighbours correlate by .3", alike(0.3), 0.1},
      {"neighbours correlate by .6", alike(0.6), 0},
      {"Student's t with 3 degrees of freedom", heavy_tailed, 0},
      {"two nights of each week one standard deviation higher", with_weekends, 0}};
  for (const auto& [what, draw, most] : flat) {
    rows.push_back(
        {.group = "history",
         .what = fmt::format("60 flat nights, {}: a step is shown some night", what),
         .ought = most > 0 ? Ought::kAtMost : Ought::kToldOnly,
         .bound = most,
         .counts = [draw = draw](Random& random) { return is_ever_shown(draw(random), kNights); }});
    rows.push_back(
        {.group = "history",
         .what = fmt::format("60 flat nights, {}: a step is shown in the last", what),
         .counts = [draw = draw](Random& random) { return !change_points(draw(random)).empty(); }});
  }
  for (const double correlation : {0.0, 0.3})
    for (const std::size_t before : {10UL, 14UL, 20UL, 40UL})
      rows.push_back(
          {.group = "history",
           .what = fmt::format("a step of 3 sd after {} nights, neighbours correlate by {:.1f}: "
                               "found within 10 nights",
                               before, correlation),
           .ought = correlation == 0 && before >= 20 ? Ought::kAtLeast : Ought::kToldOnly,
           .bound = correlation == 0 && before >= 20 ? 0.9 : 0,
           .counts = [=](Random& random) {
             return is_ever_shown(nights(random, correlation, before, kWithin, 3), before);
           }});
  return rows;
}

}  // namespace sameseed
