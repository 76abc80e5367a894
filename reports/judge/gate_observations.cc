#include "reports/judge/gate_observations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "reports/judge/accepted_report.h"
#include "reports/run/loss_table.h"
#include "reports/statistics/fewest_blocks.h"
#include "reports/summary/speed.h"

namespace sameseed {
namespace {

double same(double value) { return value; }

GateObservations impossible(int code, std::string problem) {
  GateObservations observations;
  observations.code = code;
  observations.problem = std::move(problem);
  return observations;
}

// Numbers of pairs on their way to observations.
struct ByPair {
  std::map<PairKey, double> values;
  std::size_t pairs = 0;

  void add(const Pair& pair, double value) {
    values[key_of(pair)] = value;
    ++pairs;
  }
};

// One observation a prompt.
void take(GateObservations& observations, const ByPair& beyond) {
  observations.beyond = means_of_prompts(beyond.values);
  observations.pairs = beyond.pairs;
}

// The same setting against the same in the accepted run; null where there is none.
const Comparison* counterpart(const Comparison& comparison, const Summary& accepted) {
  const auto found = std::ranges::find_if(accepted.comparisons, [&](const Comparison& theirs) {
    return theirs.setting == comparison.setting && theirs.against == comparison.against;
  });
  return found == accepted.comparisons.end() ? nullptr : &*found;
}

// What stands in the way of a comparison with the accepted run; empty where nothing does.
GateObservations without_baseline(const Gate& gate, const Comparison& comparison,
                                  const Summary& summary, const Summary* accepted) {
  if (!accepted)
    return impossible(1, "there is no baseline: `--baseline REPORT.json` names an accepted run's");
  if (const std::string why = incomparable(gate, summary.cohort, accepted->cohort); !why.empty())
    return impossible(6, "the baseline is of another cohort: " + why);
  if (is_same_run(summary, *accepted))
    return impossible(5, "the baseline is this same run; hold it against one accepted before it");
  if (!counterpart(comparison, *accepted))
    return impossible(5, "the baseline has no such setting; accept a run that has it");
  return {};
}

// Both, pair by pair: loss less so many times the other's. Another run may not know which of its
// prompts are equal, so pairs are found by their text.
ByPair differences(const std::vector<ScoredPair>& ours, const std::vector<ScoredPair>& others,
                   const ReportMetric& metric, double times) {
  std::map<PairKey, double> losses;
  ByPair list;
  for (const ScoredPair& scored : others)
    if (const auto value = scored.value(metric.name))
      losses[{scored.pair.prompt, scored.pair.seed}] = metric.loss(*value);
  for (const ScoredPair& scored : ours) {
    const auto value = scored.value(metric.name);
    const auto other = losses.find({scored.pair.prompt, scored.pair.seed});
    if (value && other != losses.end())
      list.add(scored.pair, metric.loss(*value) - times * other->second);
  }
  return list;
}

// Bounds in the metric's unit. The mean of decibels is that of their squared errors.
GateObservations in_own_unit(const Gate& gate, Bound bound, const std::vector<ScoredPair>& pairs,
                             const ReportMetric& metric) {
  const bool decibel = metric.unit == "dB", least = bound == Bound::kAtLeast;
  const double limit = bound == Bound::kNone ? 0 : least ? *gate.at_least : *gate.at_most;
  // Much of a loss is little of a decibel.
  const double sign = bound != Bound::kNone && least != decibel ? -1 : 1;
  const double zero = decibel && bound != Bound::kNone ? metric.loss(limit) : limit;
  // The worst are those of most loss, so that only a bound on that side speaks of them.
  if (bound != Bound::kNone && gate.statistic == "worst5") {
    const bool higher = metric.better == Direction::kHigher;
    if (metric.better == Direction::kNearer || higher != least)
      return impossible(
          1, fmt::format("of {} worst5 by interval takes {}", gate.name,
                         metric.better == Direction::kNearer ? "no bound: either side is bad"
                         : higher                            ? "\"at_least\" only: higher is better"
                                  : "\"at_most\" only: lower is better"));
  }
  GateObservations observations{.beyond = {},
                                .unit = metric.loss_unit(),
                                .bound = limit,
                                .what = bound == Bound::kNone        ? "mean"
                                        : gate.statistic == "worst5" ? "95 % of prompts within"
                                                                     : gate.statistic};
  ByPair by_pair;
  for (const ScoredPair& scored : pairs)
    if (const auto value = scored.value(gate.name))
      by_pair.add(scored.pair, sign * ((decibel ? metric.loss(*value) : *value) - zero));
  take(observations, by_pair);
  observations.shown = [=](double beyond) {
    const double value = zero + sign * beyond;
    if (!decibel) return value;
    return -10 * std::log10(std::max(value, 0.0) / (255.0 * 255.0));
  };
  observations.shown_in_decibels = decibel;
  observations.has_bound = bound != Bound::kNone;
  return observations;
}

// Loss less so many times that of a noise floor.
GateObservations beyond_floor(const Gate& gate, const Comparison& comparison,
                              const Summary& summary, const ReportMetric& metric) {
  const Quality* quality = comparison.metric(gate.name);
  const auto floors = quality ? quality->floors : std::map<std::string, FloorBeside>();
  const auto floor = floors.find(gate.floor->floor);
  if (floor == floors.end())
    return impossible(
        1, fmt::format("the floor \"{}\" was not measured beside it; {}", gate.floor->floor,
                       floors.empty() ? "`sameseed run --floor` measures floors"
                                      : fmt::format("there is \"{}\"", floors.begin()->first)));
  const auto row = std::ranges::find(summary.noise_floor.rows, floor->second.row, &FloorRow::id);
  const double times = gate.floor->times;
  GateObservations observations{.beyond = {},
                                .unit = metric.loss_unit(),
                                .what = fmt::format("mean loss less {:.6g} x the floor's", times),
                                .shown = same};
  take(observations, differences(comparison.pairs, row->cases, metric, times));
  return observations;
}

// Loss less that of the accepted run, less the margin.
GateObservations beyond_baseline(const Gate& gate, const Comparison& comparison,
                                 const Summary& accepted, const ReportMetric& metric) {
  const double margin = *gate.baseline_margin;
  GateObservations observations{.beyond = {},
                                .unit = metric.loss_unit(),
                                .bound = margin,
                                .what = "mean loss less the baseline's",
                                .shown = [margin](double beyond) { return beyond + margin; }};
  take(observations,
       differences(comparison.pairs, counterpart(comparison, accepted)->pairs, metric, 1));
  for (double& value : observations.beyond) value -= margin;
  return observations;
}

GateObservations quality_observations(const Gate& gate, Bound bound, const Comparison& comparison,
                                      const Summary& summary, const Summary* accepted) {
  const ReportMetric* known = summary.metric(gate.name);
  const ReportMetric metric = known ? *known : ReportMetric();
  if (bound == Bound::kFloor) return beyond_floor(gate, comparison, summary, metric);
  if (bound == Bound::kBaseline) {
    GateObservations none = without_baseline(gate, comparison, summary, accepted);
    return none.code ? none : beyond_baseline(gate, comparison, *accepted, metric);
  }
  return in_own_unit(gate, bound, comparison.pairs, metric);
}

GateObservations speed_observations(const Gate& gate, Bound bound, const Comparison& comparison,
                                    const Summary& summary, const Summary* accepted) {
  GateObservations observations{.beyond = {}, .unit = "ratio", .bound = 1, .what = "ratio"};
  const auto ratios = log_ratios(comparison.speed.samples, gate.name);
  for (const auto& [block, ratio] : ratios) observations.beyond.push_back(ratio);
  double sign = 1;
  if (bound == Bound::kBaseline) {
    if (GateObservations none = without_baseline(gate, comparison, summary, accepted); none.code)
      return none;
    observations.others.emplace();
    for (const auto& [block, ratio] :
         log_ratios(counterpart(comparison, *accepted)->speed.samples, gate.name))
      observations.others->push_back(ratio);
    observations.bound = 1 + *gate.baseline_margin;
    observations.what = "ratio / the baseline's";
  } else if (bound != Bound::kNone) {
    observations.bound = bound == Bound::kAtLeast ? *gate.at_least : *gate.at_most;
    if (bound == Bound::kAtLeast) sign = -1;
  }
  const double zero = std::log(observations.bound);
  for (double& ratio : observations.beyond) ratio = sign * (ratio - zero);
  observations.shown = [=](double beyond) { return std::exp(zero + sign * beyond); };
  return observations;
}

}  // namespace

std::vector<Bound> bounds_of(const Gate& gate) {
  std::vector<Bound> bounds;
  if (gate.at_most) bounds.push_back(Bound::kAtMost);
  if (gate.floor) bounds.push_back(Bound::kFloor);
  if (gate.baseline_margin) bounds.push_back(Bound::kBaseline);
  if (gate.at_least) bounds.push_back(Bound::kAtLeast);
  return bounds;
}

std::string few_blocks(const GateObservations& observations) {
  const std::string ours = too_few_blocks(observations.beyond.size());
  if (!ours.empty() || !observations.others) return ours;
  const std::string theirs = too_few_blocks(observations.others->size());
  return theirs.empty() ? "" : "the baseline has " + theirs;
}

GateObservations units_of(const Gate& gate, Bound bound, const Comparison& comparison,
                          const Summary& summary, const Summary* accepted) {
  GateObservations observations =
      gate.is_timing ? speed_observations(gate, bound, comparison, summary, accepted)
                     : quality_observations(gate, bound, comparison, summary, accepted);
  const auto is_broken = [](double value) { return !std::isfinite(value); };
  if (std::ranges::any_of(observations.beyond, is_broken) ||
      (observations.others && std::ranges::any_of(*observations.others, is_broken)))
    return impossible(5, "not all values are finite");
  return observations;
}

}  // namespace sameseed
