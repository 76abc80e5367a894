// Settings judged by the intervals of their means: the answers of one gate.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "reports/judge/decision.h"
#include "reports/judge/gate_observations.h"

namespace sameseed {

struct IntervalAnswer {
  Answer answer = Answer::kInconclusive;  // pass, fail or inconclusive
  std::vector<std::string> texts = {};    // what failed, or what is in doubt
  std::vector<BoundTest> tests = {};      // one a bound
};

// A gate with its settings: for each the observations of every bound, enough of them (fewest_of).
struct GateToJudge {
  const Gate* gate = nullptr;
  std::vector<std::vector<GateObservations>> settings;
};

// A setting fails where one of its bounds is shown to be broken, with Holm's correction over all
// tests of the file; it passes where all its bounds are shown to hold, each at alpha: for a file
// that passes where all its settings do, that needs no correction (an intersection-union test,
// Berger 1982). An answer a setting, gate by gate. Pure.
std::vector<std::vector<IntervalAnswer>> judge_by_interval(const std::vector<GateToJudge>& file);

// Below so many prompts or blocks nothing is said at all.
std::size_t fewest_of(const Gate& gate);

// Below so many prompts or blocks the gate cannot pass, whatever they say: 59 for worst5 at 5 %.
std::size_t fewest_to_pass(const Gate& gate);

// What the run could have shown, where nothing is judged by it: for each setting its mean, interval
// and smallest change. `settings`: the observations with Bound::kNone, any number. `tests`: that
// are judged together; at least as many as settings have enough observations.
std::vector<std::optional<BoundTest>> precision_of(const Gate& gate,
                                                   const std::vector<GateObservations>& settings,
                                                   std::size_t tests);

// How many tests a file makes.
std::size_t tests_of(const std::vector<GateToJudge>& file);

// That of the setting whose smallest change is largest; nothing without one.
std::optional<SmallestChange> smallest_change_of(const std::vector<SettingDecision>& settings);

// Method, correction and formula of all gates, as report.json states them.
struct GateStatistics {
  double power;
  std::size_t fewest_units;
  const char *method, *correction, *smallest_change_formula, *half_takes;
};
GateStatistics gate_statistics();

}  // namespace sameseed
