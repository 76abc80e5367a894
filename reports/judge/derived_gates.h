// Gates from what a run measured: what a model loses today, and what its own noise floor is, with
// room above.
#pragma once

#include <string>
#include <vector>

#include "reports/judge/gate.h"
#include "reports/summary/summary.h"

namespace sameseed {

struct GateRule {
  std::string metric = "lpips.alex";  // one of which lower is better
  // Settings that have equal values of these axes share their gates; empty: of the candidate's
  // request axes (candidate.request.deepcache) and of candidate.load.linear, whose values lose
  // unlike amounts.
  std::vector<std::string> by = {};
  double times = 2;  // the bound, over the larger of what was measured and the floor
  int prompts = 0;   // the gates' sample size; 0: the run's
};

// For each group of settings against the reference one gate on the median and one on worst5, by
// interval. The bound is `times` the larger of two upper ends, at 95 %, rounded up to two digits:
// that of the group's worst setting, and that of the worst noise floor beside it. Where there are
// too few prompts for an end (5, and for worst5 59) the largest loss stands for it; `because` says
// so. Every setting of the run is covered. Pure. Throws UserError for a run that has no floor, a
// setting without all its scores, or a metric or axis that it does not have.
std::vector<Gate> derive_gates(const Summary& summary, const GateRule& rule);

}  // namespace sameseed
