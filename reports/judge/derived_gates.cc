#include "reports/judge/derived_gates.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "io/error.h"
#include "reports/judge/sample_size.h"
#include "reports/run/loss_table.h"
#include "reports/statistics/median_test.h"
#include "reports/statistics/tail_bound.h"

namespace sameseed {
namespace {

// A statistic of one setting's or floor's losses, and how high its true value may be.
struct Measured {
  double value = 0, high = 0;
  bool is_bounded = false;  // `high` is the end of an interval, else the largest loss
  std::size_t prompts = 0;
};

using Statistic = Measured (*)(const std::vector<double>&);

Measured with_end(double value, std::optional<double> high, const std::vector<double>& losses) {
  return {.value = value,
          .high = high.value_or(std::ranges::max(losses)),
          .is_bounded = high.has_value(),
          .prompts = losses.size()};
}

Measured median(const std::vector<double>& losses) {
  const StatisticTest test = test_median(losses, 0);
  return with_end(test.estimate, test.high, losses);
}

Measured worst5(const std::vector<double>& losses) {
  return with_end(worst5_of(losses), worst5_bound(losses), losses);
}

// One loss a prompt.
std::vector<double> losses_of(const std::vector<ScoredPair>& pairs, const ReportMetric& metric,
                              const std::string& of) {
  std::map<PairKey, double> losses;
  for (const ScoredPair& scored : pairs) {
    const auto value = scored.value(metric.name);
    if (!value || !std::isfinite(metric.loss(*value)))
      throw UserError(
          fmt::format("{} has pairs without a finite {}; gates are derived from a "
                      "whole run",
                      of, metric.name));
    losses[key_of(scored.pair)] = metric.loss(*value);
  }
  return means_of_prompts(losses);
}

const ReportMetric& metric_of(const Summary& summary, const std::string& name) {
  const ReportMetric* metric = summary.metric(name);
  if (!metric || !metric->available())
    throw UserError(fmt::format("{}: has no scores by {}; is it scored?", summary.folder, name));
  if (metric->better != Direction::kLower || metric->identical != 0)
    throw UserError(
        fmt::format("{}: gates are derived from a metric that is 0 for identical images and of "
                    "which lower is better, as lpips.alex",
                    name));
  return *metric;
}

// The axes that tell groups apart.
std::vector<std::string> axes_of(const Summary& summary, const GateRule& rule) {
  std::vector<std::string> axes = rule.by;
  for (const std::string& name : rule.by)
    if (std::ranges::find(summary.axes, name, &SweepAxis::name) == summary.axes.end())
      throw UserError(fmt::format("{}: is no axis of {}", name, summary.name));
  if (axes.empty())
    for (const SweepAxis& axis : summary.axes)
      if (axis.name.starts_with("candidate.request.") || axis.name == "candidate.load.linear")
        axes.push_back(axis.name);
  return axes;
}

// Settings that share their gates.
struct Group {
  Setting where;
  std::vector<const Comparison*> settings;
  std::set<std::string> floors;  // ids of the rows beside them
};

std::vector<Group> groups_of(const Summary& summary, const GateRule& rule) {
  const std::vector<std::string> axes = axes_of(summary, rule);
  std::vector<Group> groups;
  for (const Comparison& comparison : summary.comparisons) {
    if (!comparison.is_against_reference() || comparison.status == "unsupported") continue;
    Setting where;
    for (const std::string& axis : axes)
      if (const auto found = comparison.setting.find(axis); found != comparison.setting.end())
        where.insert(*found);
    auto group = std::ranges::find(groups, where, &Group::where);
    if (group == groups.end()) group = groups.insert(groups.end(), {.where = where});
    group->settings.push_back(&comparison);
    if (const Quality* quality = comparison.metric(rule.metric))
      for (const auto& [name, floor] : quality->floors) group->floors.insert(floor.row);
  }
  return groups;
}

// The highest of them.
Measured highest(const std::vector<std::vector<double>>& rows, Statistic statistic) {
  Measured worst = statistic(rows.front());
  for (const std::vector<double>& losses : rows)
    if (const Measured one = statistic(losses); one.high > worst.high) worst = one;
  return worst;
}

// Two digits, and never below.
double rounded_up(double value) {
  if (value <= 0) return 0;
  const double unit = std::pow(10, std::floor(std::log10(value)) - 1);
  return std::stod(fmt::format("{:.1e}", std::ceil(value / unit - 1e-9) * unit));
}

std::string words(const Measured& measured) {
  return fmt::format("{:.2g}, {} {:.2g}", measured.value,
                     measured.is_bounded ? "with 95 % confidence at most" : "the largest loss",
                     measured.high);
}

Gate gate_of(const Group& group, const std::string& name, Statistic statistic,
             const std::vector<std::vector<double>>& losses,
             const std::vector<std::vector<double>>& floors, const GateRule& rule) {
  const Measured measured = highest(losses, statistic), floor = highest(floors, statistic);
  const bool is_floor = floor.high > measured.high;
  return {.name = rule.metric,
          .statistic = name,
          .at_most = rounded_up(rule.times * std::max(measured.high, floor.high)),
          .by_interval = true,
          .where = group.where,
          .because = fmt::format(
              "{:g} x {}: {} of {} prompts {}{}; the noise floor's {}", rule.times,
              is_floor ? "the noise floor" : "what was measured", name, measured.prompts,
              words(measured),
              losses.size() > 1 ? fmt::format(", of the worst of {} settings", losses.size()) : "",
              floor.high == 0 ? "0" : words(floor)),
          .prompts = rule.prompts};
}

std::vector<std::vector<double>> floors_beside(const Group& group, const Summary& summary,
                                               const ReportMetric& metric) {
  std::vector<std::vector<double>> floors;
  for (const FloorRow& row : summary.noise_floor.rows)
    if (group.floors.contains(row.id) && row.reason.empty())
      floors.push_back(losses_of(row.cases, metric, "the noise floor"));
  if (floors.empty())
    throw UserError(
        fmt::format("{}: has no noise floor for every setting; `sameseed run --floor` measures it",
                    summary.folder));
  return floors;
}

}  // namespace

std::vector<Gate> derive_gates(const Summary& summary, const GateRule& rule) {
  const ReportMetric& metric = metric_of(summary, rule.metric);
  GateRule complete = rule;
  std::vector<Gate> gates;
  const std::vector<Group> groups = groups_of(summary, rule);
  if (rule.prompts == 0)
    for (const Group& group : groups)
      for (const Comparison* setting : group.settings)
        complete.prompts = std::max(complete.prompts, static_cast<int>(prompts_in(setting->pairs)));
  for (const Group& group : groups) {
    std::vector<std::vector<double>> losses;
    for (const Comparison* setting : group.settings)
      losses.push_back(losses_of(setting->pairs, metric, setting->label));
    const auto floors = floors_beside(group, summary, metric);
    gates.push_back(gate_of(group, "median", median, losses, floors, complete));
    gates.push_back(gate_of(group, "worst5", worst5, losses, floors, complete));
  }
  return gates;
}

}  // namespace sameseed
