// One run against another of the same sweep: two drivers, two kernels, two versions of a library.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "reports/run/run_index.h"

namespace sameseed {

// A picture that both runs made: of equal engine, variables, load options (folders left out) and
// request.
struct SamePicture {
  std::string a, b;          // its cases
  std::string arm;           // "candidate", "reference" or "switches off"
  nlohmann::json setting;    // the axes that this arm sees
  nlohmann::json same_case;  // what the two cases have in common, less prompt and seed
  nlohmann::json prompt, seed;
};
std::vector<SamePicture> same_pictures(const RunIndex& a, const RunIndex& b);

// (case of B, case of A) -> B's picture scored against A's: a line as in scores.jsonl.
using AcrossScores = std::map<std::pair<std::string, std::string>, nlohmann::json>;

struct CompareOptions {
  std::vector<std::string> varied;  // cohort fields, as cohort_differences() takes them
  // Times of two runs of the same thing differ by what no block of one run can show: boot, heat,
  // neighbours. A change of time counts from here on.
  double time_margin = 0.01;
};

// The content of compare.json (sameseed/compare/1, reports/FILES.md). Pure. Where the cohorts
// differ in what was not varied nothing is judged, and the verdict's code is 6. Otherwise every
// claim about pictures, scores, times and switches is held together at one family-wise rate
// (step_down.h). Codes: 0 nothing of B is shown to be worse, 2 scores, 3 times, 4 both, 5 too few
// pairs or blocks to tell.
nlohmann::json compare_runs(const RunIndex& a, const RunIndex& b, const CompareOptions& options,
                            const AcrossScores& across);

// For a terminal.
void write_comparison(const nlohmann::json& compared, std::ostream& out);

}  // namespace sameseed
