// Which switch: what each value of the candidate's switches costs and buys.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reports/run/plan.h"
#include "reports/statistics/estimate.h"
#include "reports/statistics/factorial.h"
#include "reports/statistics/report_metric.h"
#include "reports/summary/speed.h"

namespace sameseed {

struct Comparison;

// Where an effect on a timing comes from: the switch's own blocks, or, where "switches off" leaves
// the switch as it is, the difference of two settings' blocks that were made at different times.
inline constexpr const char* kFromSwitchesOff = "blocks against switches off";
inline constexpr const char* kFromReference = "blocks against the reference";

// An effect on one metric, in loss, or on one timing, as a ratio.
struct EffectOn {
  Estimate estimate;   // n observations that have all settings the effect needs
  std::size_t of = 0;  // all observations
  std::size_t contexts = 0;
  std::string unit = {};    // of a loss; empty for a timing
  std::string verdict;      // "costs", "buys", "none shown" or "too few"
  std::string from = {};    // of a timing: kFromSwitchesOff or kFromReference
  std::string absent = {};  // why a timing has no ratio: too few blocks
  bool exactly_none = false;
  std::optional<double> needed = {};  // observations that would show an effect of this size

  bool has_value() const { return estimate.n > 0 && absent.empty(); }
};

struct EffectOfSwitch {
  Setting levels, off;  // one axis: a main effect; two: their interaction
  std::size_t contexts = 0;
  std::vector<AxisValue> same_as = {};      // as the engagement has it
  std::optional<std::string> because = {};  // why they are the same; only beside `same_as`
  std::map<std::string, EffectOn> quality = {}, speed = {};
};

// What the design cannot tell.
struct Confounded {
  Setting levels;
  std::map<std::string, std::vector<AxisValue>> only_with;
  std::string text;
};

// Whether a matrix's advice held on this machine: see advice.h.
struct Advice {
  std::string axis;
  AxisValue value;
  std::string because, answer;
  std::vector<std::string> shown;
};

struct Effects {
  std::optional<std::string> headline;  // the metric that tables are sorted by
  std::vector<SweepSwitch> switches;
  std::vector<SweepAxis> averaged_over;
  std::vector<EffectOfSwitch> estimates;
  std::vector<Confounded> confounded;
  std::optional<std::vector<Advice>> advice;
  std::vector<AgainstItself> time_floor = {};  // of the total, a row a reference
};

// Main effects and two-way interactions over the settings that were compared with the reference, in
// loss on every metric, as a ratio of times on every timing.
Effects effects_of(const std::vector<Comparison>& comparisons, const std::vector<SweepAxis>& axes,
                   const std::vector<ReportMetric>& metrics);

}  // namespace sameseed
