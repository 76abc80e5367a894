// What users of OneDiff are told of its switches, held against what a run measured.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/statistics/estimate.h"

namespace sameseed {

struct Summary;

// The answers.
inline constexpr const char* kHolds = "holds here";
inline constexpr const char* kDoesNotHold = "does not hold here";
inline constexpr const char* kNotShown = "not shown";
inline constexpr const char* kCannotBeTested = "cannot be tested here";

struct TestedClaim {
  std::string claim;                 // "half accumulation of convolutions costs quality"
  std::string model;                 // empty: the run's only one
  std::optional<double> value;       // what was measured
  std::optional<Interval> interval;  // of it, at 95 % for itself
  std::string of;                    // what the value is: "more LPIPS than switched off"
  std::string answer;                // one of the four
  std::string because;               // in words: by which rule, or why it cannot be tested
};

// A rule each; losses are of the headline metric, against each model's own reference, and two
// settings are held together only where they differ in nothing else; over the values of other axes
// (guidance, steps, the reference's API) a pair counts with its mean:
// * half accumulation of convolutions, of products, of attention costs quality: holds where the
//   switch is shown to cost; does not where its cost is shown to be at most a quarter of what the
//   candidate loses with all switches off, or it is shown to buy;
// * switching it off costs about 5 % of the time: holds where the interval lies within 2.5 and
//   7.5 %, does not where it lies outside; never told on a CPU, whose times describe a simulation;
// * cuDNN's v7 and v8 API differ slightly but visibly: of their floor's mean ΔE a prompt, 1 and
//   more is visible;
// * DeepCache is lossy, and less so the weaker it is;
// * the first model of the matrix is more sensitive than the second;
// * the setting that is advised for quality loses less than the one for speed, and post-processing
//   gives some of it back.
std::vector<TestedClaim> tested_claims(const Summary& summary);

}  // namespace sameseed
