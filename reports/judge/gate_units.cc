#include "reports/judge/gate_units.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "reports/judge/accepted_report.h"
#include "reports/statistics/loss.h"
#include "reports/summary/speed.h"

namespace sameseed {
namespace {

using nlohmann::json;
using ByPair = std::map<std::pair<std::string, std::string>, double>;  // prompt and seed

double same(double value) { return value; }

GateUnits impossible(int code, std::string problem) {
  GateUnits units;
  units.code = code;
  units.problem = std::move(problem);
  return units;
}

// The metric's values of all pairs that have one; may be infinite.
ByPair values_of(const json& cases, const std::string& metric) {
  ByPair values;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const json& pair : cases) {
    const std::pair<std::string, std::string> key = {pair.at("prompt"), pair.at("seed").dump()};
    const json value = pair.at("values").value(metric, json());
    const std::string word = pair.at("nonfinite").value(metric, "");
    if (value.is_number())
      values[key] = value.get<double>();
    else if (word == "+inf" || word == "-inf")
      values[key] = word == "+inf" ? kInfinity : -kInfinity;
  }
  return values;
}

Scale scale_in(const json& report, const std::string& metric) {
  for (const json& one : report.at("metrics"))
    if (one.at("name") == metric) return scale_of(one);
  return {};
}

const json* find(const json& list, const char* field, const json& value) {
  for (const json& one : list)
    if (one.at(field) == value) return &one;
  return nullptr;
}

// The same setting against the same in the accepted run; null where there is none.
const json* counterpart(const json& comparison, const json& accepted) {
  for (const json& one : accepted.at("comparisons"))
    if (one.at("setting") == comparison.at("setting") &&
        one.at("against") == comparison.at("against"))
      return &one;
  return nullptr;
}

// What stands in the way of a comparison with the accepted run; empty where nothing does.
GateUnits without_baseline(const Gate& gate, const json& comparison, const json& report,
                           const json* accepted) {
  if (!accepted)
    return impossible(1, "there is no baseline: `--baseline REPORT.json` names an accepted run's");
  if (const std::string why = incomparable(gate, report, *accepted); !why.empty())
    return impossible(6, "the baseline is of another cohort: " + why);
  if (!counterpart(comparison, *accepted))
    return impossible(5, "the baseline has no such setting; accept a run that has it");
  return {};
}

// Both, unit by unit: loss less so many times the other's.
std::vector<double> differences(const ByPair& ours, const ByPair& others, const Scale& scale,
                                double times) {
  std::vector<double> list;
  for (const auto& [pair, value] : ours)
    if (const auto other = others.find(pair); other != others.end())
      list.push_back(loss_of(value, scale) - times * loss_of(other->second, scale));
  return list;
}

// Bounds in the metric's unit. The mean of decibels is that of their squared errors.
GateUnits in_own_unit(const Gate& gate, Bound bound, const ByPair& values, const Scale& scale) {
  const bool decibel = scale.unit == "dB", least = bound == Bound::kAtLeast;
  const double limit = bound == Bound::kNone ? 0 : least ? *gate.at_least : *gate.at_most;
  // Much of a loss is little of a decibel.
  const double sign = bound != Bound::kNone && least != decibel ? -1 : 1;
  const double zero = decibel && bound != Bound::kNone ? loss_of(limit, scale) : limit;
  // The worst are those of most loss, so that only a bound on that side speaks of them.
  if (bound != Bound::kNone && gate.statistic == "worst5") {
    const bool higher = scale.better == "higher";
    if (scale.better == "nearer" || higher != least)
      return impossible(1, fmt::format("of {} worst5 by interval takes {}", gate.name,
                                       scale.better == "nearer" ? "no bound: either side is bad"
                                       : higher ? "\"at_least\" only: higher is better"
                                                : "\"at_most\" only: lower is better"));
  }
  GateUnits units{.beyond = {},
                  .unit = loss_unit(scale),
                  .bound = limit,
                  .loss_at_bound = loss_of(limit, scale),
                  .what = bound == Bound::kNone ? "mean" : gate.statistic};
  for (const auto& [pair, value] : values)
    units.beyond.push_back(sign * ((decibel ? loss_of(value, scale) : value) - zero));
  units.shown = [=](double beyond) {
    const double value = zero + sign * beyond;
    if (!decibel) return value;
    return -10 * std::log10(std::max(value, 0.0) / (255.0 * 255.0));
  };
  return units;
}

GateUnits quality_units(const Gate& gate, Bound bound, const json& comparison, const json& report,
                        const json* accepted) {
  const Scale scale = scale_in(report, gate.name);
  const ByPair values = values_of(comparison.at("cases"), gate.name);
  if (bound == Bound::kFloor) {
    const json quality = comparison.at("quality").value(gate.name, json::object()),
               floors = quality.value("noise_floor", json());
    if (!floors.is_object() || !floors.contains(gate.floor->floor))
      return impossible(
          1, fmt::format("the floor \"{}\" was not measured beside it; {}", gate.floor->floor,
                         floors.is_object() && !floors.empty()
                             ? fmt::format("there is \"{}\"", floors.begin().key())
                             : "`sameseed run --floor` measures floors"));
    const json* row =
        find(report.at("noise_floor").at("rows"), "id", floors.at(gate.floor->floor).at("row"));
    const double times = gate.floor->times;
    return {.beyond = differences(values, values_of(row->at("cases"), gate.name), scale, times),
            .unit = loss_unit(scale),
            .what = fmt::format("mean loss less {:.6g} x the floor's", times),
            .shown = same};
  }
  if (bound == Bound::kBaseline) {
    if (GateUnits none = without_baseline(gate, comparison, report, accepted); none.code)
      return none;
    const double margin = *gate.baseline_margin;
    GateUnits units{
        .beyond = differences(values,
                              values_of(counterpart(comparison, *accepted)->at("cases"), gate.name),
                              scale, 1),
        .unit = loss_unit(scale),
        .bound = margin,
        .what = "mean loss less the baseline's",
        .shown = [margin](double beyond) { return beyond + margin; }};
    for (double& value : units.beyond) value -= margin;
    return units;
  }
  return in_own_unit(gate, bound, values, scale);
}

GateUnits speed_units(const Gate& gate, Bound bound, const json& comparison, const json& report,
                      const json* accepted) {
  GateUnits units{.beyond = {}, .unit = "ratio", .bound = 1, .what = "mean ratio"};
  const auto ratios = log_ratios(comparison.at("timed_samples"), gate.name);
  for (const auto& [block, ratio] : ratios) units.beyond.push_back(ratio);
  double sign = 1;
  if (bound == Bound::kBaseline) {
    if (GateUnits none = without_baseline(gate, comparison, report, accepted); none.code)
      return none;
    // Blocks of two runs have nothing in common. Taken one by one they give a spread that holds
    // for independent ones, at the price of half the degrees of freedom.
    const auto others =
        log_ratios(counterpart(comparison, *accepted)->at("timed_samples"), gate.name);
    units.beyond.resize(std::min(ratios.size(), others.size()));
    auto other = others.begin();
    for (double& ratio : units.beyond) ratio -= (other++)->second;
    units.bound = 1 + *gate.baseline_margin;
    units.what = "mean ratio / the baseline's";
  } else if (bound != Bound::kNone) {
    units.bound = bound == Bound::kAtLeast ? *gate.at_least : *gate.at_most;
    if (bound == Bound::kAtLeast) sign = -1;
  }
  const double zero = std::log(units.bound);
  for (double& ratio : units.beyond) ratio = sign * (ratio - zero);
  units.shown = [=](double beyond) { return std::exp(zero + sign * beyond); };
  return units;
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

GateUnits units_of(const Gate& gate, Bound bound, const json& comparison, const json& report,
                   const json* accepted) {
  GateUnits units = gate.is_timing ? speed_units(gate, bound, comparison, report, accepted)
                                   : quality_units(gate, bound, comparison, report, accepted);
  if (std::ranges::any_of(units.beyond, [](double value) { return !std::isfinite(value); }))
    return impossible(5, "not all values are finite");
  return units;
}

}  // namespace sameseed
