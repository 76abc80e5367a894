// What a gate judged by interval is judged on: a number for each prompt (the mean over its seeds),
// or each timed block.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reports/judge/gate.h"
#include "reports/summary/summary.h"

namespace sameseed {

enum class Bound { kNone, kAtMost, kAtLeast, kFloor, kBaseline };

struct GateObservations {
  // By how much each observation lies beyond the bound; the gate holds where their true mean is at
  // most 0. In the metric's own unit, in squared error for dB, in loss for measured bounds, in
  // logarithms for ratios of times.
  std::vector<double> beyond;
  // Where `beyond` is held against another run's that have nothing in common with them, blocks of
  // times: those, and the gate holds where the difference of the true means is at most 0.
  std::optional<std::vector<double>> others = {};
  std::string unit;  // of differences: "levels^2", "ratio" for logarithms
  double bound = 0;  // as people know it
  std::string what;  // what `shown` gives: "mean", "mean loss less 2 x the floor's"
  std::function<double(double)> shown;  // from the scale of `beyond`
  bool shown_in_decibels = false;       // then a change is one of `shown`, and depends on its start
  bool has_bound = true;                // else `beyond` holds the values themselves
  std::size_t pairs = 0;                // that the prompts' numbers are made of
  // Where nothing can be judged: why, and whether that is 1 usage, 5 inconclusive or 6 environment.
  std::string problem;
  int code = 0;

  // Those of the run that has fewer.
  std::size_t count() const {
    return others ? std::min(beyond.size(), others->size()) : beyond.size();
  }
};

// The bounds that a gate sets, in a fixed order.
std::vector<Bound> bounds_of(const Gate& gate);

// Of one comparison of `summary`. `accepted` is the summary of the accepted run, or null.
GateObservations units_of(const Gate& gate, Bound bound, const Comparison& comparison,
                          const Summary& summary, const Summary* accepted);

// Of times: "the baseline has too few blocks (1 of 6)"; empty where there are enough of both.
std::string few_blocks(const GateObservations& observations);

}  // namespace sameseed
