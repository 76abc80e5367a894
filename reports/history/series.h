// One number of one comparison over many runs.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace sameseed {

// What of a run does not change from comparison to comparison.
struct SeriesRun {
  std::string key;      // equal for the same run, however often it went on or was reported again
  std::string started;  // ISO 8601, UTC
  std::string name;     // of the matrix
  std::string folder, machine, driver, version, cohort, recipe;
  int code = 0;      // of its verdict
  std::string host;  // "2 cores, 2 threads, kernel 6.1"; empty: an older ledger, which did not say

  bool operator==(const SeriesRun&) const = default;
};

// Series are of one matrix and one kind of machine; metrics are in their own unit, of timings there
// are "total_ms" (of the candidate) and "total_ms.ratio" (to the other arm).
struct SeriesName {
  std::string name, machine;
  std::string setting;  // JSON: {axis: value}
  std::string against;  // "reference" or "switches_off"
  std::string measure, unit, better;

  auto operator<=>(const SeriesName&) const = default;
};

struct SeriesPoint {
  std::size_t n = 0;            // pairs, timed samples or blocks
  std::optional<double> value;  // the mean, of ratios the geometric one; absent: not finite,
                                // or a ratio of too few blocks (fewest_blocks.h)
  std::optional<double> low, high, worst5;  // interval of the value; mean of the worst 5 %
};

struct SeriesRow {
  SeriesName series;
  SeriesPoint point;
};

// A series in order of time.
struct Series {
  SeriesName name;
  std::vector<SeriesRun> runs;
  std::vector<SeriesPoint> points;  // one a run
};

// Neighbouring runs of one recipe whose values keep to one mean.
struct Plateau {
  std::size_t first = 0, count = 0;  // runs
  double mean = 0;                   // of the nights that are not bad (change_points.h)
  bool new_recipe = false;           // it begins where the recipe changed, not with a step
  std::size_t last_before = 0;       // the run before that the step is seen from: not a bad night
  std::vector<std::size_t> bad;      // runs in it that are left out of its mean
};

// The plateaus of a series: it breaks where the cohort's recipe changed, since another recipe is
// another quantity, and is searched for steps between breaks (change_points.h). Values that are not
// finite are passed over.
std::vector<Plateau> plateaus_of(const Series& series);

// The series itself, or one a recipe where a recipe came again after another: two matrices of one
// name, in turn.
std::vector<Series> by_recipe(const Series& series);

// Its runs, and each plateau with the date on which it began, for a terminal.
void write_series(const Series& series, std::ostream& out);

// A heading, then a line a run (RFC 4180).
void write_csv(const std::vector<Series>& all, std::ostream& out);

}  // namespace sameseed
