#include "reports/formats/page_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "reports/formats/effects_table.h"
#include "reports/formats/worst_pairs.h"
#include "reports/run/labels.h"
#include "reports/run/run_index.h"
#include "reports/statistics/loss.h"
#include "reports/summary/comparison.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr std::size_t kMostFailures = 200;     // shown; report.json has all
constexpr const char* kCasePlace = "CASE_ID";  // where the page puts a case's id into a command
constexpr const char* kWorstTile = "local.mse_tile_ratio";

// Five digits are more than a page shows, and a third of the bytes.
json rounded(const json& value) {
  if (!value.is_number_float()) return value;
  return std::stod(fmt::format("{:.5g}", value.get<double>()));
}

// What only the rules for kinds of damage read.
bool is_shown(const json& metric) {
  return !metric.contains("unavailable") &&
         !metric.at("name").get<std::string>().starts_with("pattern.");
}

json shown_metrics(const json& metrics) {
  json list = json::array();
  for (const json& metric : metrics) {
    if (!is_shown(metric)) continue;
    const std::string name = metric.at("name");
    json one = {{"name", name},
                {"title", name},
                {"unit", metric.at("unit")},
                {"better", metric.at("better")},
                {"identical", metric.value("identical", json())},
                {"definition", metric.value("definition", "")}};
    for (const Column& column : table_columns())
      if (name == column.metric) one["title"] = column.title;
    list.push_back(std::move(one));
  }
  return list;
}

// The metric that the page opens on; null where nothing was scored.
json headline(const json& summary) {
  const json& chosen = summary.at("effects").at("headline");
  if (chosen.is_string()) return chosen;
  for (const Column& column : table_columns())
    for (const json& metric : summary.at("metrics"))
      if (metric.at("name") == column.metric && is_shown(metric)) return column.metric;
  return nullptr;
}

// Statistics of a metric over the pairs, with the largest of its floors.
json quality_of(const json& entry) {
  json result = {{"n", entry.value("n", 0)}};
  if (result["n"] == 0) return result;
  for (const char* name : {"mean", "worst5", "worst"})
    result[name] = entry.at(name).is_number()
                       ? rounded(entry.at(name))
                       : entry.value("nonfinite", json::object()).value(name, json());
  const json interval = entry.value("interval", json());
  if (interval.is_object())
    result["interval"] = {rounded(interval.value("low", json())),
                          rounded(interval.value("high", json()))};
  if (entry.contains("reading")) result["reading"] = entry.at("reading");
  const json floors = entry.value("noise_floor", json());
  if (floors.is_object() && !floors.empty()) {
    double bound = 0, worst = 0;
    std::string unit;
    for (const auto& [kind, floor] : floors.items()) {
      unit = floor.value("unit", "");
      if (floor.value("bound", json()).is_number())
        bound = std::max(bound, floor.at("bound").get<double>());
      if (floor.value("worst", json()).is_number())
        worst = std::max(worst, floor.at("worst").get<double>());
    }
    result["floor"] = {{"bound", rounded(bound)}, {"worst", rounded(worst)}, {"unit", unit}};
  }
  return result;
}

json time_of(const json& speed) {
  const json entry = speed.value("total_ms", json());
  if (!entry.is_object() || !entry.value("ratio", json()).is_number()) return nullptr;
  json result = {{"ratio", rounded(entry.at("ratio"))},
                 {"ms", rounded(entry.value("mean", json()))},
                 {"blocks", entry.value("blocks", 0)}};
  const json interval = entry.value("ratio_interval", json());
  if (interval.is_object())
    result["interval"] = {rounded(interval.at("low")), rounded(interval.at("high"))};
  return result;
}

Pictures pictures_of(const json& pair, const RunIndex& run) {
  Pictures pictures;
  const auto image = [&](const char* side) {
    const json* record = run.quality_record(pair.at(side));
    return record && record->at("outcome") == "ok"
               ? fmt::format("images/{}.png", record->at("sample").get<std::string>())
               : std::string();
  };
  pictures.candidate = image("candidate");
  pictures.reference = image("reference");
  const json* score = run.scores(pair.at("candidate"), pair.at("reference"));
  if (score && score->contains("candidate") && score->contains("reference"))
    pictures.map = fmt::format("maps/{}-{}.png", score->at("candidate").get<std::string>(),
                               score->at("reference").get<std::string>());
  return pictures;
}

json scores_of(const json& pair, const json& metrics, const RunIndex& run) {
  json scores = json::array();
  for (const json& metric : metrics) {
    const auto value = run.score(pair.at("candidate"), pair.at("reference"), metric.at("name"));
    scores.push_back(!value                  ? json()
                     : std::isfinite(*value) ? rounded(*value)
                                             : json(*value > 0 ? "+inf" : "-inf"));
  }
  return scores;
}

json pair_of(const json& pair, const json& metrics, const RunIndex& run) {
  const Pictures pictures = pictures_of(pair, run);
  json one = {{"candidate", pair.at("candidate")},
              {"reference", pair.at("reference")},
              {"prompt", pair.at("prompt")},
              {"seed", pair.at("seed").dump()},  // 64 bits are more than a page's numbers hold
              {"pictures", {pictures.candidate, pictures.reference, pictures.map}}};
  if (const json* score = run.scores(pair.at("candidate"), pair.at("reference"))) {
    one["scores"] = scores_of(pair, metrics, run);
    const json places = score->value("places", json::object());
    if (places.contains(kWorstTile)) one["tile"] = places.at(kWorstTile);
  }
  return one;
}

json comparison_of(const json& entry, const json& metrics, const RunIndex& run) {
  json one = {
      {"label", setting_label(entry.at("setting"))},
      {"setting", entry.at("setting")},
      {"against", entry.at("against")},
      {"status", entry.at("status")},
      {"reason", entry.at("reason")},
      {"engaged", engaged_label(entry)},
      {"damage", entry.at("damage").is_object() ? entry.at("damage").at("sentence") : json()},
      {"time", time_of(entry.at("speed"))},
      {"repeat", entry.at("repeat")},
      {"quality", json::object()},
      {"engagement", json::object()},
      {"pairs", json::array()}};
  for (const json& metric : metrics) {
    const std::string name = metric.at("name");
    one["quality"][name] = quality_of(entry.at("quality").value(name, json::object()));
  }
  for (const auto& [axis, proof] : entry.at("engagement").items())
    one["engagement"][axis] = {proof.at("verdict"), proof.value("evidence", "")};
  for (const json& pair : entry.at("cases")) one["pairs"].push_back(pair_of(pair, metrics, run));
  return one;
}

json axes_of(const json& axes) {
  json list = json::array();
  for (const json& axis : axes) {
    const std::string name = axis.at("name");
    json one = {{"name", name}, {"values", json::array()}};
    for (const json& value : axis.at("values")) {
      one["values"].push_back(value);
      one["labels"].push_back(value_label(name, value));
      one["words"].push_back(setting_label({{name, value}}));
    }
    list.push_back(std::move(one));
  }
  return list;
}

json effects_of(const json& effects) {
  const EffectTable table = effect_table(effects);
  json rows = json::array();
  for (const EffectRow& row : table.rows)
    rows.push_back({{"label", row.label}, {"cells", row.cells}, {"levels", row.levels}});
  return {{"titles", table.titles}, {"rows", rows}, {"notes", table.notes}};
}

json floors_of(const json& floor) {
  json rows = json::array();
  for (const json& row : floor.value("rows", json::array())) {
    json values = json::object();
    for (const Column& column : table_columns())
      if (const json entry = row.at("quality").value(column.metric, json()); entry.is_object())
        values[column.metric] = statistic_text(entry, "mean", "{:.2g}");
    rows.push_back({{"arm", row.at("arm")},
                    {"kind", row.at("kind")},
                    {"reason", row.value("reason", "")},
                    {"values", values}});
  }
  return rows;
}

// The first ones: a run that lost everything has thousands.
json failures_of(const json& failures) {
  json list = json::array();
  for (const json& failure : failures) {
    if (list.size() == kMostFailures) break;
    list.push_back({{"case", failure.at("case")},
                    {"kind", failure.at("kind")},
                    {"error", failure.at("error")},
                    {"log_tail", failure.at("log_tail")},
                    {"repeat", failure.at("repeat")}});
  }
  return list;
}

// Because -> how many combinations were left out for it.
json excluded_of(const json& excluded) {
  json reasons = json::object();
  for (const json& one : excluded) {
    const std::string because = one.at("because");
    reasons[because] = reasons.value(because, 0) + 1;
  }
  return reasons;
}

}  // namespace

json page_data(const json& summary, const RunFiles& files) {
  const RunIndex run(files);
  const json metrics = shown_metrics(summary.at("metrics"));
  const json& start = summary.at("run");
  json data = {{"name", summary.at("name")},
               {"model", summary.at("model")},
               {"started", start.at("starts").empty() ? json() : start.at("starts").back()},
               {"version", start.value("version", "")},
               {"host", start.value("host", json::object())},
               {"cohort", summary.at("cohort").at("hash")},
               {"folder", quoted(files.folder)},
               {"verdict", summary.at("verdict")},
               {"effects", effects_of(summary.at("effects"))},
               {"axes", axes_of(summary.at("axes"))},
               {"metrics", metrics},
               {"headline", headline(summary)},
               {"columns", json::array()},
               {"interval_level", summary.at("intervals").value("level", json())},
               {"floors", floors_of(summary.at("noise_floor"))},
               {"failures", failures_of(summary.at("failures"))},
               {"failure_count", summary.at("failures").size()},
               {"invalid", summary.at("invalid")},
               {"excluded", excluded_of(summary.at("excluded"))},
               {"comparisons", json::array()}};
  for (const Column& column : table_columns()) data["columns"].push_back(column.metric);
  data["repeat"] = repeat_command(files, kCasePlace, std::string(kCasePlace) + ".png");
  for (const json& entry : summary.at("comparisons"))
    data["comparisons"].push_back(comparison_of(entry, metrics, run));
  return data;
}

std::vector<Pictures> worst_pictures(const json& summary, const RunFiles& files,
                                     std::size_t count) {
  const json metric = headline(summary);
  if (!metric.is_string()) return {};
  const RunIndex run(files);
  std::vector<Pictures> worst;
  for (const WorstPair& one : worst_pairs(summary, metric.get<std::string>(), count))
    worst.push_back(pictures_of(*one.pair, run));
  return worst;
}

}  // namespace sameseed
