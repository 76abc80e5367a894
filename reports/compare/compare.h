// One run against another of the same sweep: two drivers, two kernels, two versions of a library.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reports/compare/claim.h"
#include "reports/compare/cohort_difference.h"
#include "reports/compare/margins.h"
#include "reports/compare/promised.h"
#include "reports/compare/same_pictures.h"
#include "reports/run/run_index.h"

namespace sameseed {

struct CompareOptions {
  std::vector<std::string> varied;  // cohort fields, as cohort_differences() takes them
  ScoreMargins score_margins = {};
  // Times of two runs of the same thing differ by what no block of one run can show: boot, heat,
  // neighbours. A change of time counts from here on.
  double time_margin = 0.01;
  // Why a run is no whole one, whatever it is compared with: causes of its verdict with code 7
  // or 8.
  std::vector<Shortfall> troubles_a = {}, troubles_b = {};
};

struct ComparedRun {
  std::string folder, name;
  std::optional<std::string> started;  // of its last start, ISO 8601; nothing: never
  std::string cohort;                  // its hash
  std::vector<std::string> differs;    // cohort fields in which its own starts or workers disagree
};

struct CompareVerdict {
  int code = 0;
  std::string word;
  std::size_t differences = 0;
  std::string text;
};

struct Compared {
  ComparedRun a, b;
  std::vector<std::string> varied;
  bool comparable = false;  // the cohorts differ in nothing but what was varied
  std::vector<CohortDifference> differences;
  std::vector<std::string> not_varied = {};  // fields of `varied` in which the runs do not differ
  std::vector<Shortfall> shortfalls = {};
  std::vector<Claim> claims = {};  // empty where nothing was judged: code 6
  double time_margin = 0;
  std::optional<double> clock_a = {}, clock_b = {};  // mean SM clock in MHz while timed samples ran
  CompareVerdict verdict = {};
};

// Pure. Where the cohorts differ in what was not varied, or not in what was, or a picture was made
// from other noise or tokens, or nothing says from which, or both are the same run, or two versions
// of a library computed a metric, nothing is judged, and the verdict's code is 6. Otherwise, by the
// rules of claims.h, in this order: 2 scores are worse, 3 times are slower, 4 both; 8 a switch did
// not act in either run; 7 something that both plans promise is missing; 5 some claim is
// inconclusive, or scores or times were not measured; 0 every claim about scores and times is shown
// to be not worse by more than its margin.
Compared compare_runs(const RunIndex& a, const RunIndex& b, const CompareOptions& options,
                      const AcrossScores& across);

// The content of compare.json (sameseed/compare/1, reports/FILES.md).
nlohmann::json compare_json(const Compared& compared);

// For a terminal.
void write_comparison(const Compared& compared, std::ostream& out);

}  // namespace sameseed
