// Settings judged by the intervals of their means: the answers of one gate.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reports/judge/gate_units.h"

namespace sameseed {

struct IntervalAnswer {
  bool passed = false, failed = false;             // neither: inconclusive
  std::vector<std::string> texts;                  // what failed, or what is in doubt
  nlohmann::json tests = nlohmann::json::array();  // reports/FILES.md, `settings` of a gate
};

// `settings`: for each the units of every bound of the gate, with at least kFewestUnits each. A
// setting fails where one of its bounds is shown to be broken, with Holm's correction over all
// tests of the gate; it passes where all its bounds are shown to hold, each at alpha: for a gate
// that passes where all its settings do, that needs no correction (an intersection-union test,
// Berger 1982). Pure.
std::vector<IntervalAnswer> judge_by_interval(const Gate& gate,
                                              const std::vector<std::vector<GateUnits>>& settings);

// What the run could have shown, where nothing is judged by it: for each setting its mean, interval
// and smallest change. `settings`: the units with Bound::kNone, any number.
std::vector<nlohmann::json> precision_of(const Gate& gate, const std::vector<GateUnits>& settings);

// {value, unit, n, half_takes} of the setting whose smallest change is largest; null without one.
// `tests` of all settings together.
nlohmann::json smallest_change_of(const nlohmann::json& tests);

// Method, correction and formula of all gates.
nlohmann::json gate_statistics_definition();

}  // namespace sameseed
