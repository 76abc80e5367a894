#include "reports/judge/gate_wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "io/nearest.h"
#include "reports/run/labels.h"
#include "reports/summary/labels.h"
#include "reports/summary/time_floor.h"

namespace sameseed {
namespace {

std::string did_you_mean(const std::string& name, const std::vector<std::string>& known) {
  return known.empty() ? "" : "; " + hint_for(name, known);
}

}  // namespace

std::string wrong_side(const Gate& gate, const Summary& summary) {
  const ReportMetric* metric =
      gate.is_timing || gate.wanted_class ? nullptr : summary.metric(gate.name);
  if (!metric || gate.floor || gate.baseline_margin) return "";
  const bool lower = metric->better == Direction::kLower && !gate.at_most,
             higher = metric->better == Direction::kHigher && !gate.at_least;
  const Interval range = metric->range();
  if (metric->better == Direction::kLower && gate.at_most.value_or(0) >= range.high)
    return fmt::format("no two pictures have a {} above {:g}, so any loss would pass", gate.name,
                       range.high);
  if (metric->better == Direction::kHigher && gate.at_least.value_or(1) <= range.low)
    return fmt::format("no two pictures have a {} below {:g}, so any loss would pass", gate.name,
                       range.low);
  if (!lower && !higher) return "";
  return fmt::format("of {} a gate needs \"{}\": {} is better, and any loss would pass this one",
                     gate.name, lower ? "at_most" : "at_least", lower ? "lower" : "higher");
}

std::string wrong_name(const Gate& gate, const Summary& summary) {
  if (gate.wanted_class) return "";
  std::vector<std::string> known = timing_names();
  if (!gate.is_timing) {
    known.clear();
    for (const ReportMetric& metric : summary.metrics) known.push_back(metric.name);
    if (!summary.scored) return "";
  }
  if (std::ranges::find(known, gate.name) != known.end()) return "";
  return fmt::format("there is no {} \"{}\"{}", gate.is_timing ? "timing" : "metric", gate.name,
                     did_you_mean(gate.name, known));
}

std::string wrong_place(const Gate& gate, const Summary& summary) {
  std::vector<std::string> known;
  for (const SweepAxis& axis : summary.axes) known.push_back(axis.name);
  for (const auto& [name, value] : gate.where) {
    const auto axis = std::ranges::find(summary.axes, name, &SweepAxis::name);
    if (axis == summary.axes.end())
      return fmt::format("where: there is no axis \"{}\"{}", name, did_you_mean(name, known));
    if (std::ranges::find(axis->values, value) == axis->values.end())
      return fmt::format("where: {} is no value of {}, which has {}", value.dump(), name,
                         nlohmann::json(axis->values).dump());
  }
  return "";
}

Cause GateWording::cause(const char* kind, int code, const std::string& text,
                         const Comparison* comparison) const {
  Cause result{.kind = kind, .code = code, .text = {}, .gate = number_};
  std::string where;
  if (comparison) {
    result.comparison = comparison->id;
    where = fmt::format("{} against {}: ", comparison->label, against_label(comparison->against));
  }
  result.text = fmt::format("gates[{}] ({}): {}{}", number_, gate_label(gate_), where, text);
  if (gate_.statistic == "ratio" && comparison)
    if (const TimingStatistics* timing = comparison->speed.timing(gate_.name);
        timing && timing->ratio && timing->itself)
      result.text += "; the reference against itself " + told(*timing->itself);
  return result;
}

Cause GateWording::failure(const std::string& text, const Comparison& comparison) const {
  std::string whole = text;
  if (!gate_.is_timing && !gate_.wanted_class) {
    const Quality* quality = comparison.metric(gate_.name);
    const std::string worst = quality ? quality->statistics.worst_case : "";
    whole += "; worst case " + (worst.empty() ? "?" : worst);
  }
  if (!gate_.because.empty()) whole += "; " + gate_.because;
  return cause(gate_.is_timing ? "performance" : "quality", gate_.is_timing ? 3 : 2, whole,
               &comparison);
}

std::string GateWording::too_few(std::size_t count, std::size_t needed, const char* what) const {
  std::string counted = gate_.is_timing ? "whole blocks" : what;
  if (count == 1) counted.pop_back();
  return fmt::format("{} {} {} it, at least {} are needed", count, counted,
                     count == 1 ? "has" : "have", needed);
}

std::string GateWording::only_noise(const std::string& text) const {
  return text + "; but the noise floor is as high: rows that ought to be equal are no nearer";
}

std::string GateWording::other_class(const ClassReading& reading) const {
  const bool refuted = reading.at_best > *gate_.wanted_class;
  return fmt::format("{}{}: {}",
                     reading.name ? "it is "
                     : refuted    ? "it is at best "
                                  : "it is not told; at best ",
                     name_of(reading.name.value_or(reading.at_best)), reading.because) +
         (reading.name && !refuted ? "; whether it is better is not told" : "");
}

std::string GateWording::fits_nothing() const {
  return fmt::format("no setting that fits `where` {} is compared against {}",
                     nlohmann::json(gate_.where).dump(), gate_.against);
}

}  // namespace sameseed
