// What a gate comes to: an answer for each setting, and the reasons.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "reports/judge/gate.h"
#include "reports/statistics/estimate.h"

namespace sameseed {

// Why a verdict is what it is.
struct Cause {
  std::string kind;  // "usage", "quality", "performance", "engagement", ...
  int code = 0;      // the exit code that it asks for
  std::string text;
  std::optional<int> gate = {};  // its place in the gate file, from 0
  std::string comparison = {};   // id; or empty
  std::string sample = {};       // id; or empty
};

enum class Answer { kPass, kFail, kInconclusive, kNotJudged, kUnsupported };
const char* name_of(Answer answer);  // "pass", ..., "not judged", "unsupported"

// What was estimated of a setting and, where a bound was judged by interval, how that came out.
struct BoundTest {
  std::string of;     // what was estimated: "mean", "mean loss less 2 x the floor's"
  Estimate estimate;  // n = 0: no value; ends may be infinite: not bounded on that side
  std::string unit;   // of differences
  std::optional<double> smallest_change;  // that could have been shown
  std::optional<double> half_takes;       // observations that would show half of it
  struct Judged {
    double bound = 0, p_beyond = 1, p_beyond_holm = 1, p_within = 1;
  };
  std::optional<Judged> judged;
};

struct SettingDecision {
  std::string comparison;  // id
  Answer answer = Answer::kNotJudged;
  std::vector<BoundTest> tests;
};

struct SmallestChange {
  double value = 0;
  std::string of, unit;
  std::size_t n = 0;
  std::optional<double> half_takes;
};

// How far a gate's statistic has moved since the baseline that was accepted first.
struct Drift {
  std::string since;          // ISO 8601
  double value = 0;           // more loss; of ratios a part: 0.03 is 3 % slower
  std::string unit;           // "ratio" of times
  std::string comparison;     // id of the setting that has moved most to the bad side
  std::string label;          // of its setting
  std::size_t n = 0, of = 0;  // prompts that count, and that the setting has; of times 0
  std::string absent = {};    // why nothing is told; then the rest but `since` is empty
};

struct GateDecision {
  Gate gate;
  Answer answer = Answer::kInconclusive;  // of all settings together: pass, fail or inconclusive
  int judged = 0, passed = 0, failed = 0, unsupported = 0;  // settings
  std::optional<SmallestChange> smallest_change;            // the largest of its tests
  std::vector<SettingDecision> settings;
  std::vector<Cause> causes;
  std::optional<Drift> drift = {};  // nothing: no first baseline was asked for
};

}  // namespace sameseed
