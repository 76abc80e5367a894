// The design of a sweep: which effects of its switches can be told from the settings that were
// made, and from which of them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/statistics/setting.h"

namespace sameseed {

// An axis of the candidate (`candidate.*`). Every other axis is a block: effects are averaged over
// its values.
struct SweepSwitch {
  std::string axis;
  AxisValue off;  // "0" for ONEFLOW_*, null for DeepCache, "fp16" for load.linear, 0 for the others
                  // of its kind; otherwise the first value
  std::vector<AxisValue> levels;  // the others
};

std::vector<SweepSwitch> switches_of(const std::vector<SweepAxis>& axes);

// A setting's switches that are not off, and its other axes.
struct SwitchedOn {
  Setting on, rest;
};
SwitchedOn switched_on(const Setting& setting, const std::vector<SweepSwitch>& switches);

// Settings that differ in an effect's own switches only, and the sign with which each counts.
using Contrast = std::vector<std::pair<std::size_t, double>>;  // index of a setting, +1 or -1

// One switch's value against off, or the interaction of two: what both together do beyond the sum
// of what each does alone.
struct Effect {
  Setting levels, off;              // one axis, or two
  std::vector<Contrast> contrasts;  // one for each context that has all its settings; may be empty
  std::vector<std::size_t> contexts;  // for each, a number that stands for its other axes' values
};

// A sweep's settings; nothing in the place of one that was not made.
using Settings = std::vector<std::optional<Setting>>;

// All main effects, then all two-way interactions.
std::vector<Effect> effects_of(const std::vector<SweepSwitch>& switches, const Settings& settings);

// The other axes' values that an effect's contexts have, for those axes of which some that were
// made are lacking: there, effect and interaction are confounded. Empty without contexts.
std::map<std::string, std::vector<AxisValue>> confounded_with(const Effect& effect,
                                                              const Settings& settings);

using Table =
    std::vector<std::vector<double>>;  // observation -> setting -> value, NaN where there is none

// For each effect its value on every observation, for estimate_family(): NaN where the observation
// lacks a setting that the effect needs, and everywhere for an effect without contrasts. What is
// only rounding is 0.

// On pairs, which are the same for all settings: the mean of the contrasts.
Table rows_over_pairs(const std::vector<Effect>& effects, const Table& losses);

// On timed blocks, which each setting has for itself: every contrast on every block is an
// observation. Where a context has three blocks or more its own mean is taken out of the spread:
// that contexts differ is no noise. With fewer it counts as noise, and intervals are wide.
Table rows_over_blocks(const std::vector<Effect>& effects, const Table& logarithms);

}  // namespace sameseed
