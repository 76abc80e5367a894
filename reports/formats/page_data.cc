#include "reports/formats/page_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "reports/formats/json.h"
#include "reports/formats/json_values.h"
#include "reports/formats/report_table.h"
#include "reports/formats/table_cells.h"
#include "reports/formats/worst_pairs.h"
#include "reports/judge/coverage.h"
#include "reports/run/cohort.h"
#include "reports/run/labels.h"
#include "reports/run/run_index.h"
#include "reports/statistics/fewest_blocks.h"
#include "reports/summary/failures.h"
#include "reports/summary/labels.h"
#include "reports/summary/time_floor.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr std::size_t kMostFailures = 200;     // shown; report.json has all
constexpr const char* kCasePlace = "CASE_ID";  // where the page puts a case's id into a command

// Five digits are more than a page shows, and a third of the bytes.
json rounded(double value) { return std::stod(fmt::format("{:.5g}", value)); }

json rounded_or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? rounded(*value) : json();
}

json rounded(const Interval& interval) {
  return {rounded_or_null(interval.low), rounded_or_null(interval.high)};
}

// What only the rules for kinds of damage read.
bool is_shown(const ReportMetric& metric) {
  constexpr const char* kOfRules[] = {"pattern.", "bands.", "blocks.", "marks."};
  return metric.available() && std::ranges::none_of(kOfRules, [&](const char* prefix) {
           return metric.name.starts_with(prefix);
         });
}

std::vector<ReportMetric> shown_metrics(const std::vector<ReportMetric>& metrics) {
  std::vector<ReportMetric> list;
  std::ranges::copy_if(metrics, std::back_inserter(list), is_shown);
  return list;
}

json metrics_of(const std::vector<ReportMetric>& metrics) {
  json list = json::array();
  for (const ReportMetric& metric : metrics) {
    json entry = {{"name", metric.name},
                  {"title", metric.name},
                  {"unit", metric.unit},
                  {"better", name_of(metric.better)},
                  {"identical", std::isfinite(metric.identical) ? json(metric.identical) : json()},
                  {"definition", metric.definition}};
    for (const Column& column : table_columns())
      if (metric.name == column.metric) entry["title"] = column.title;
    list.push_back(std::move(entry));
  }
  return list;
}

// The metric that the page opens on; nothing where nothing was scored.
std::optional<std::string> headline(const Summary& summary) {
  if (summary.effects.headline) return summary.effects.headline;
  for (const Column& column : table_columns())
    if (const ReportMetric* metric = summary.metric(column.metric); metric && is_shown(*metric))
      return metric->name;
  return std::nullopt;
}

json number_or_word(double value) {
  return std::isfinite(value) ? rounded(value)
         : std::isnan(value)  ? json("nan")
                              : json(value > 0 ? "+inf" : "-inf");
}

// The largest of a metric's floors.
json floor_of(const std::map<std::string, FloorBeside>& floors) {
  double worst = 0;
  std::string unit;
  for (const auto& [kind, floor] : floors) {
    unit = floor.unit;
    worst = std::max(worst, floor.worst);
  }
  return {{"worst", number_or_word(worst)}, {"unit", unit}};
}

// Statistics of a metric over the pairs, with the largest of its floors.
json quality_of(const Quality* quality) {
  if (!quality || quality->statistics.n() == 0) return {{"n", 0}};
  const Statistics& statistics = quality->statistics;
  json result = {{"n", statistics.n()},
                 {"mean", number_or_word(statistics.mean.value)},
                 {"worst5", number_or_word(statistics.worst5)},
                 {"worst", number_or_word(statistics.worst)}};
  if (statistics.mean.interval) result["interval"] = rounded(*statistics.mean.interval);
  if (!quality->reading.empty()) result["reading"] = quality->reading;
  if (!quality->floors.empty()) result["floor"] = floor_of(quality->floors);
  return result;
}

json time_of(const Speed& speed) {
  const TimingStatistics* time = speed.timing("total_ms");
  if (!time && speed.is_lost())
    return {{"ms", nullptr}, {"blocks", 0}, {"absent", too_few_blocks(0)}};
  if (!time) return nullptr;
  json result = {{"ms", rounded_or_null(time->candidate.mean.value)}, {"blocks", time->blocks}};
  if (time->itself) result["itself"] = told(*time->itself);
  if (!time->ratio) {
    result["absent"] = too_few_blocks(time->blocks);
    return result;
  }
  result["ratio"] = rounded(time->ratio->value);
  if (time->ratio->interval) result["interval"] = rounded(*time->ratio->interval);
  return result;
}

json scores_of(const ScoredPair& scored, const std::vector<ReportMetric>& metrics) {
  json scores = json::array();
  for (const ReportMetric& metric : metrics) {
    const auto value = scored.value(metric.name);
    scores.push_back(value ? number_or_word(*value) : json());
  }
  return scores;
}

json pair_of(const ScoredPair& scored, const std::vector<ReportMetric>& metrics) {
  const auto& [candidate, reference, map] = scored.pictures;
  json entry = {{"candidate", scored.pair.candidate},
                {"reference", scored.pair.reference},
                {"prompt", scored.pair.prompt},
                // 64 bits are more than a page's numbers hold.
                {"seed", std::to_string(scored.pair.seed)},
                {"pictures", {candidate, reference, map}}};
  if (!scored.scored) return entry;
  entry["scores"] = scores_of(scored, metrics);
  if (scored.worst_tile)
    entry["tile"] = {{"x", scored.worst_tile->x},
                     {"y", scored.worst_tile->y},
                     {"width", scored.worst_tile->width},
                     {"height", scored.worst_tile->height}};
  return entry;
}

json comparison_of(const Comparison& comparison, const std::vector<ReportMetric>& metrics) {
  json entry = {{"label", comparison.label},
                {"setting", comparison.setting},
                {"against", comparison.against},
                {"status", comparison.status},
                {"reason", comparison.reason},
                {"engaged", engaged_label(comparison)},
                {"class", class_label(comparison.setting_class)},
                {"class_because", comparison.setting_class.because},
                {"damage", comparison.damage ? json(comparison.damage->sentence) : json()},
                {"time", time_of(comparison.speed)},
                {"repeat", comparison.repeat},
                {"quality", json::object()},
                {"engagement", json::object()},
                {"pairs", json::array()}};
  for (const ReportMetric& metric : metrics)
    entry["quality"][metric.name] = quality_of(comparison.metric(metric.name));
  for (const auto& [axis, proof] : comparison.engagement)
    entry["engagement"][axis] = {proof.verdict, proof.evidence};
  for (const ScoredPair& scored : comparison.pairs)
    entry["pairs"].push_back(pair_of(scored, metrics));
  return entry;
}

json axes_of(const std::vector<SweepAxis>& axes) {
  json list = json::array();
  for (const SweepAxis& axis : axes) {
    json entry = {{"name", axis.name}, {"values", json::array()}};
    for (const AxisValue& value : axis.values) {
      entry["values"].push_back(value);
      entry["labels"].push_back(value_label(axis.name, value));
      entry["words"].push_back(setting_label({{axis.name, value}}));
    }
    list.push_back(std::move(entry));
  }
  return list;
}

json table_of(const ReportTable& table) {
  json rows = json::array();
  for (const ReportRow& row : table.rows)
    rows.push_back({{"label", row.label}, {"cells", row.cells}, {"levels", row.levels}});
  return {{"title", table.title},
          {"of_rows", table.of_rows},
          {"is_of_sentences", table.is_of_sentences},
          {"titles", table.titles},
          {"rows", rows},
          {"notes", table.notes}};
}

json floors_of(const FloorSummary& floor) {
  json rows = json::array();
  for (const FloorRow& row : floor.rows) {
    json values = json::object();
    for (const Column& column : table_columns())
      if (const auto losses = row.quality.find(column.metric); losses != row.quality.end())
        values[column.metric] = floor_text(losses->second);
    rows.push_back({{"arm", row.of.empty() ? row.arm : row.arm + ", " + setting_label(row.of)},
                    {"kind", row.kind},
                    {"reason", row.reason},
                    {"values", values}});
  }
  return rows;
}

// Those that are alike once; of a run that lost everything in many ways the first ones.
json failures_of(const std::vector<Failure>& failures) {
  json list = json::array();
  for (const AlikeFailures& group : alike(failures)) {
    if (list.size() == kMostFailures) break;
    const Failure& first = *group.first;
    list.push_back({{"case", first.case_id},
                    {"kind", first.kind},
                    {"error", first.error},
                    {"samples", group.samples},
                    {"log_tail", first.log_tail},
                    {"repeat", first.repeat}});
  }
  return list;
}

}  // namespace

json page_data(const Summary& summary, const Verdict& verdict) {
  const std::vector<ReportMetric> metrics = shown_metrics(summary.metrics);
  const WorstBy by = worst_by(summary, verdict).front();
  const auto opens_on = headline(summary);
  json data = {
      {"name", summary.name},
      {"model", summary.model},
      {"started", summary.started.empty() ? json() : json(summary.started.back())},
      {"version", summary.start.value("version", "")},
      {"host", summary.start.value("host", json::object())},
      {"cohort", summary.cohort.at("hash")},
      {"kept", kept_variables_text(summary.cohort)},
      {"folder", quoted(summary.folder)},
      {"verdict", verdict_json(verdict)},
      {"tables", list_json(report_tables(summary), table_of)},
      {"axes", axes_of(summary.axes)},
      {"metrics", metrics_of(metrics)},
      {"headline", opens_on ? json(*opens_on) : json()},
      {"against", by.against},
      {"columns", json::array()},
      {"interval_level", interval_method().confidence},
      {"floors", floors_of(summary.noise_floor)},
      {"failures", failures_of(summary.failures)},
      {"failure_count", summary.failures.size()},
      {"invalid", summary.invalid},
      {"uncovered", told(uncovered(summary, verdict))},
      {"cut_prompts", told(summary.cut_prompts)},
      {"lossy_pictures", told(summary.lossy_pictures)},
      {"repeated_pictures", told(summary.repeated_pictures)},
      {"excluded", excluded_reasons(summary.excluded)},
      {"comparisons", json::array()},
      {"repeat", repeat_command(summary.folder, kCasePlace, std::string(kCasePlace) + ".png")}};
  for (const Column& column : table_columns()) data["columns"].push_back(column.metric);
  for (const Comparison& comparison : summary.comparisons)
    data["comparisons"].push_back(comparison_of(comparison, metrics));
  if (!by.gate.empty())  // whose pairs stand first
    for (std::size_t i = 0; i < summary.comparisons.size(); ++i)
      data["comparisons"][i]["first"] = by.comparisons.contains(summary.comparisons[i].id);
  return data;
}

std::vector<Pictures> worst_pictures(const Summary& summary, const Verdict& verdict,
                                     std::size_t count) {
  std::vector<WorstBy> order = worst_by(summary, verdict);
  const auto every = worst_by(summary, {}).front();  // of all, where the gates' are fewer
  order.push_back({.metric = headline(summary).value_or(""), .comparisons = every.comparisons});
  std::vector<std::vector<WorstPair>> lists;
  for (const WorstBy& by : order) lists.push_back(worst_pairs(summary, by, count));
  const std::size_t gates = order.size() - 1;
  std::vector<Pictures> worst;
  std::set<const ScoredPair*> taken;
  const auto take = [&](const std::vector<WorstPair>& list, std::size_t place) {
    if (place < list.size() && worst.size() < count && taken.insert(list[place].pair).second)
      worst.push_back(list[place].pair->pictures);
  };
  for (std::size_t place = 0; place < count; ++place)  // the worst of each gate, then the next
    for (std::size_t gate = 0; gate < gates; ++gate) take(lists[gate], place);
  for (std::size_t place = 0; place < count; ++place) take(lists.back(), place);
  return worst;
}

}  // namespace sameseed
