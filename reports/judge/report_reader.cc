#include "reports/judge/report_reader.h"

#include <limits>
#include <string>
#include <utility>

#include "reports/run/labels.h"
#include "reports/statistics/fewest_blocks.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

const json& member(const json& object, const char* name) {
  static const json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(name);
  return found == object.end() ? nothing : *found;
}

std::string text(const json& object, const char* name) {
  const json& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : "";
}

// A number, or what the word in `nonfinite` stands for; NaN where there is neither.
double number(const json& object, const char* name) {
  const json& value = member(object, name);
  if (value.is_number()) return value.get<double>();
  const std::string word = text(member(object, "nonfinite"), name);
  return word == "+inf" ? kInfinity : word == "-inf" ? -kInfinity : kNaN;
}

std::size_t count(const json& object, const char* name) {
  const json& value = member(object, name);
  return value.is_number() ? value.get<std::size_t>() : 0;
}

std::optional<Interval> interval(const json& object, const char* name) {
  const json& ends = member(object, name);
  if (!ends.is_object()) return std::nullopt;
  return Interval{number(ends, "low"), number(ends, "high")};
}

Statistics statistics_of(const json& entry) {
  Statistics statistics;
  statistics.mean = {.n = count(entry, "n"),
                     .value = number(entry, "mean"),
                     .interval = interval(entry, "interval"),
                     .no_interval = text(entry, "interval_absent")};
  statistics.median = number(entry, "median");
  statistics.worst5 = number(entry, "worst5");
  statistics.worst = number(entry, "worst");
  statistics.worst_case = text(entry, "worst_case");
  return statistics;
}

ReportMetric metric_of(const json& entry) {
  ReportMetric metric{.name = text(entry, "name"),
                      .unit = text(entry, "unit"),
                      .better = direction_of(text(entry, "better")),
                      .definition = text(entry, "definition"),
                      .unavailable = text(entry, "unavailable")};
  if (const json& identical = member(entry, "identical"); identical.is_number())
    metric.identical = identical.get<double>();
  if (!text(entry, "identical_nonfinite").empty()) metric.identical = kInfinity;
  return metric;
}

Quality quality_of(const json& entry) {
  Quality quality{.statistics = statistics_of(entry),
                  .unit = text(entry, "unit"),
                  .unavailable = text(entry, "unavailable"),
                  .reading = text(entry, "reading")};
  if (const std::string better = text(entry, "better"); !better.empty())
    quality.better = direction_of(better);
  for (const auto& [name, floor] : member(entry, "noise_floor").items()) {
    const double bound = number(floor, "bound");
    quality.floors[name] = {.row = text(floor, "row"),
                            .unit = text(floor, "unit"),
                            .mean = number(floor, "mean"),
                            .worst = number(floor, "worst"),
                            .bound = bound == bound ? std::optional(bound) : std::nullopt};
  }
  return quality;
}

std::vector<ScoredPair> pairs_of(const json& list) {
  std::vector<ScoredPair> pairs;
  for (const json& entry : list) {
    ScoredPair scored{.pair = {.candidate = text(entry, "candidate"),
                               .reference = text(entry, "reference"),
                               .prompt = text(entry, "prompt"),
                               .seed = member(entry, "seed").get<std::uint64_t>(),
                               .same_as = text(entry, "same_as")},
                      .repeat = text(entry, "repeat")};
    const json& values = member(entry, "values");
    for (const auto& [metric, value] : values.items())
      scored.values[metric] =
          number({{"value", value},
                  {"nonfinite", {{"value", member(member(entry, "nonfinite"), metric.c_str())}}}},
                 "value");
    scored.scored = !values.empty();
    pairs.push_back(std::move(scored));
  }
  return pairs;
}

Timings timings_of(const json& taken) {
  Timings timings;
  for (const std::string& name : timing_names())
    if (const auto ms = taken.find(name); ms != taken.end()) timings.set(name, ms->get<double>());
  return timings;
}

Speed speed_of(const json& comparison) {
  Speed speed;
  for (const auto& [name, entry] : member(comparison, "speed").items()) {
    TimingStatistics timing{.candidate = statistics_of(entry),
                            .reference = statistics_of(member(entry, "reference")),
                            .blocks = count(entry, "blocks")};
    // Older reports have a ratio of one block, too.
    if (timing.blocks >= kFewestBlocks && member(entry, "ratio").is_number())
      timing.ratio = Estimate{.n = timing.blocks,
                              .value = number(entry, "ratio"),
                              .interval = interval(entry, "ratio_interval")};
    if (const json& itself = member(entry, "against_itself"); itself.is_object()) {
      timing.itself = AgainstItself{.row = text(itself, "row"),
                                    .blocks = count(itself, "blocks"),
                                    .reading = text(itself, "reading")};
      if (member(itself, "ratio").is_number())
        timing.itself->ratio = Estimate{.n = timing.itself->blocks,
                                        .value = number(itself, "ratio"),
                                        .interval = interval(itself, "ratio_interval")};
    }
    speed.timings.emplace(name, std::move(timing));
  }
  for (const json& sample : member(comparison, "timed_samples"))
    speed.samples.push_back({.sample = text(sample, "sample"),
                             .case_id = text(sample, "case"),
                             .arm = text(sample, "arm"),
                             .block = count(sample, "block"),
                             .ms = timings_of(member(sample, "timings_ms"))});
  for (const auto& [reason, samples] : member(comparison, "invalid").items())
    speed.invalid[reason] = samples.get<int>();
  speed.broken_blocks = static_cast<int>(count(comparison, "broken_blocks"));
  speed.invalid_blocks = static_cast<int>(count(comparison, "invalid_blocks"));
  return speed;
}

// Of a report without classes: nothing is told.
ClassReading class_of_entry(const json& entry) {
  ClassReading reading{.because = text(entry, "because")};
  if (const std::string name = text(entry, "name"); !name.empty()) reading.name = class_named(name);
  if (const std::string best = text(entry, "at_best"); !best.empty())
    reading.at_best = class_named(best);
  return reading;
}

Comparison comparison_of(const json& entry) {
  Comparison comparison{.id = text(entry, "id"),
                        .setting = member(entry, "setting").get<Setting>(),
                        .against = text(entry, "against"),
                        .status = text(entry, "status"),
                        .reason = text(entry, "reason"),
                        .setting_class = class_of_entry(member(entry, "class")),
                        .speed = speed_of(entry),
                        .pairs = pairs_of(member(entry, "cases")),
                        .repeat = text(entry, "repeat")};
  for (const auto& [name, quality] : member(entry, "quality").items())
    comparison.quality.emplace(name, quality_of(quality));
  for (const json& broken : member(entry, "broken"))
    comparison.broken.push_back({.case_id = text(broken, "case"),
                                 .side = text(broken, "side"),
                                 .ways = member(broken, "ways").get<std::vector<std::string>>()});
  for (const auto& [case_id, why] : member(entry, "refused").items())
    comparison.refused[case_id] = why.get<std::string>();
  for (const auto& [axis, proof] : member(entry, "engagement").items())
    comparison.engagement[axis] = {.value = member(proof, "value"),
                                   .samples = count(proof, "samples"),
                                   .verdict = text(proof, "verdict"),
                                   .evidence = text(proof, "evidence")};
  return comparison;
}

void take_lists(const json& report, Summary& summary) {
  for (const json& axis : member(report, "axes"))
    summary.axes.push_back({.name = text(axis, "name"), .values = member(axis, "values")});
  for (const json& entry : member(report, "excluded"))
    summary.excluded.push_back(
        {.setting = member(entry, "setting").get<Setting>(), .because = text(entry, "because")});
  for (const json& metric : member(report, "metrics")) summary.metrics.push_back(metric_of(metric));
  for (const auto& [reason, samples] : member(report, "invalid").items())
    summary.invalid[reason] = samples.get<int>();
  for (const json& failure : member(report, "failures"))
    summary.failures.push_back({.sample = text(failure, "sample"),
                                .case_id = text(failure, "case"),
                                .kind = text(failure, "kind"),
                                .error = text(failure, "error"),
                                .log_tail = {},
                                .repeat = text(failure, "repeat")});
  for (const json& broken : member(report, "nonfinite"))
    summary.nonfinite.push_back({.sample = text(broken, "sample"),
                                 .case_id = text(broken, "case"),
                                 .environment = text(broken, "environment"),
                                 .engine = text(broken, "engine"),
                                 .repeat = text(broken, "repeat"),
                                 .found = broken});
  for (const json& row : member(member(report, "noise_floor"), "rows"))
    summary.noise_floor.rows.push_back({.id = text(row, "id"),
                                        .arm = text(row, "arm"),
                                        .kind = text(row, "kind"),
                                        .pairs = count(row, "pairs"),
                                        .cases = pairs_of(member(row, "cases"))});
}

}  // namespace

Summary summary_of_report(const json& report) {
  Summary summary{.name = text(report, "name"),
                  .start = member(report, "run"),
                  .cohort = member(report, "cohort"),
                  .scored = member(report, "scored") == true};
  summary.noise_floor.measured = member(member(report, "noise_floor"), "measured") == true;
  take_lists(report, summary);
  for (const json& comparison : member(report, "comparisons"))
    summary.comparisons.push_back(comparison_of(comparison));
  for (Comparison& comparison : summary.comparisons)
    comparison.label = setting_label(comparison.setting);
  if (const std::string headline = text(member(report, "effects"), "headline"); !headline.empty())
    summary.effects.headline = headline;
  return summary;
}

}  // namespace sameseed
