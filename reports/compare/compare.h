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
#include "reports/compare/same_pictures.h"
#include "reports/run/run_index.h"
#include "reports/statistics/paired_bootstrap.h"

namespace sameseed {

struct CompareOptions {
  std::vector<std::string> varied;  // cohort fields, as cohort_differences() takes them
  // Times of two runs of the same thing differ by what no block of one run can show: boot, heat,
  // neighbours. A change of time counts from here on.
  double time_margin = 0.01;
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
  // Empty where the cohorts are not comparable.
  std::vector<Claim> claims = {};
  FamilyOptions family = {};
  double time_margin = 0;
  std::optional<double> clock_a = {}, clock_b = {};  // mean SM clock in MHz while timed samples ran
  CompareVerdict verdict = {};
};

// Pure. Where the cohorts differ in what was not varied nothing is judged, and the verdict's code
// is
// 6. Otherwise every claim about pictures, scores, times and switches is held together at one
// family-wise rate (step_down.h). Codes: 0 nothing of B is shown to be worse, 2 scores, 3 times, 4
// both, 5 too few pairs or blocks to tell.
Compared compare_runs(const RunIndex& a, const RunIndex& b, const CompareOptions& options,
                      const AcrossScores& across);

// The content of compare.json (sameseed/compare/1, reports/FILES.md).
nlohmann::json compare_json(const Compared& compared);

// For a terminal.
void write_comparison(const Compared& compared, std::ostream& out);

}  // namespace sameseed
