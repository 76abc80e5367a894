#include "reports/history/series.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "io/sha256.h"
#include "reports/run/labels.h"
#include "reports/statistics/change_points.h"

namespace sameseed {
namespace {

using nlohmann::json;

std::string text_or(const json& object, const char* name, const std::string& otherwise = "") {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

std::optional<double> number(const json& object, const char* name) {
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

// The field of all of a cohort's devices, each value once.
std::string of_devices(const json& cohort, const char* field) {
  std::string text;
  std::vector<std::string> seen;
  for (const json& device : cohort.value("devices", json::array())) {
    const std::string one = text_or(device, field, "?");
    if (std::find(seen.begin(), seen.end(), one) != seen.end()) continue;
    seen.push_back(one);
    text += (text.empty() ? "" : ", ") + one;
  }
  return text;
}

std::string machine_of(const json& cohort) {
  const std::string devices = of_devices(cohort, "name");
  return devices.empty() ? text_or(cohort.value("host", json::object()), "cpu", "?") : devices;
}

SeriesPoint point_of(const json& statistics, const char* value, const char* interval) {
  const json ends = statistics.value(interval, json());
  return {.n = statistics.value("n", std::size_t{0}),
          .value = number(statistics, value),
          .low = number(ends, "low"),
          .high = number(ends, "high"),
          .worst5 = number(statistics, "worst5")};
}

std::string day_of(const SeriesRun& run) { return one_line(run.started.substr(0, 10)); }

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string cell = "\"";
  for (const char c : text) cell += c == '"' ? "\"\"" : std::string(1, c);
  return cell + "\"";
}

std::string csv_number(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : "";
}

}  // namespace

SeriesRun series_run(const json& report, const json& first_start, const std::string& folder) {
  const json& cohort = report.at("cohort");
  const std::string started = text_or(first_start, "started");
  return {.key = sha256(text_or(first_start, "start") + " " + started),
          .started = started,
          .name = report.at("name"),
          .folder = folder,
          .machine = machine_of(cohort),
          .driver = of_devices(cohort, "driver"),
          .version = text_or(cohort, "version"),
          .cohort = cohort.at("hash"),
          .recipe = text_or(cohort, "recipe"),
          .code = report.at("verdict").at("code")};
}

std::vector<SeriesRow> series_rows(const json& report) {
  std::vector<SeriesRow> rows;
  for (const json& comparison : report.at("comparisons")) {
    const auto named = [&](std::string measure, std::string unit, std::string better) {
      return SeriesName{.name = report.at("name"),
                        .machine = machine_of(report.at("cohort")),
                        .setting = comparison.at("setting").dump(),
                        .against = comparison.at("against"),
                        .measure = std::move(measure),
                        .unit = std::move(unit),
                        .better = std::move(better)};
    };
    for (const auto& [metric, statistics] : comparison.at("quality").items())
      if (statistics.value("n", 0) > 0)
        rows.push_back({named(metric, statistics.at("unit"), statistics.at("better")),
                        point_of(statistics, "mean", "interval")});
    for (const auto& [timing, statistics] : comparison.at("speed").items()) {
      rows.push_back({named(timing, "ms", "lower"), point_of(statistics, "mean", "interval")});
      SeriesPoint ratio = point_of(statistics, "ratio", "ratio_interval");
      ratio.n = statistics.value("blocks", std::size_t{0});
      ratio.worst5.reset();
      rows.push_back({named(timing + ".ratio", "ratio", "lower"), ratio});
    }
  }
  return rows;
}

std::vector<Level> levels_of(const Series& series) {
  std::vector<Level> levels;
  std::vector<std::size_t> runs;  // of the stretch, those with a value
  std::vector<double> values;
  bool first_recipe = true;
  const auto end_stretch = [&] {
    if (values.empty()) return;
    std::vector<std::size_t> starts = change_points(values);
    starts.insert(starts.begin(), 0);
    for (std::size_t i = 0; i < starts.size(); ++i) {
      const std::size_t end = i + 1 < starts.size() ? starts[i + 1] : values.size();
      double sum = 0;
      for (std::size_t j = starts[i]; j < end; ++j) sum += values[j];
      levels.push_back({.first = runs[starts[i]],
                        .count = end - starts[i],
                        .mean = sum / static_cast<double>(end - starts[i]),
                        .new_recipe = i == 0 && !first_recipe});
    }
    first_recipe = false;
    runs.clear();
    values.clear();
  };
  for (std::size_t i = 0; i < series.runs.size(); ++i) {
    if (i > 0 && series.runs[i].recipe != series.runs[i - 1].recipe) end_stretch();
    if (!series.points[i].value || !std::isfinite(*series.points[i].value)) continue;
    runs.push_back(i);
    values.push_back(*series.points[i].value);
  }
  end_stretch();
  return levels;
}

void write_series(const Series& series, std::ostream& out) {
  const SeriesName& name = series.name;
  const json setting = json::parse(name.setting, nullptr, false);
  out << fmt::format("{}: {}, {}, to {}{}\n", one_line(name.name), one_line(name.measure),
                     one_line(setting.is_object() ? setting_label(setting) : name.setting),
                     name.against == "reference" ? "the reference" : "switches off",
                     name.unit.empty() ? "" : fmt::format(" ({})", one_line(name.unit)));
  const std::vector<Level> levels = levels_of(series);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const Level& level = levels[i];
    std::string why = i == 0 ? "" : level.new_recipe ? "another recipe" : "step";
    if (i > 0 && !level.new_recipe) {
      const double before = levels[i - 1].mean, change = level.mean - before;
      why += before != 0
                 ? fmt::format(" of {:+.3g} ({:+.2f} %)", change, 100 * change / std::abs(before))
                 : fmt::format(" of {:+.3g}", change);
      const SeriesRun &last = series.runs[level.first - 1], &first = series.runs[level.first];
      why += fmt::format(", between {} and {}", one_line(last.folder), one_line(first.folder));
      if (last.driver != first.driver)
        why += fmt::format(", driver {} -> {}", one_line(last.driver), one_line(first.driver));
      if (last.version != first.version)
        why += fmt::format(", sameseed {} -> {}", one_line(last.version), one_line(first.version));
    }
    out << fmt::format("  from {}  {:>4} runs at {:<12.6g} {}\n", day_of(series.runs[level.first]),
                       level.count, level.mean, why);
  }
  if (levels.empty()) out << "  no run has a finite value\n";
  out << fmt::format("  {} on {}: {} runs, newest {}\n", one_line(name.machine),
                     series.runs.empty() ? "-" : day_of(series.runs.back()), series.runs.size(),
                     series.points.empty() || !series.points.back().value
                         ? "not finite"
                         : fmt::format("{:.6g}", *series.points.back().value));
}

void write_csv(const std::vector<Series>& all, std::ostream& out) {
  out << "started,name,machine,driver,version,recipe,cohort,folder,setting,against,measure,unit,"
         "better,n,value,low,high,worst5\r\n";
  for (const Series& series : all)
    for (std::size_t i = 0; i < series.runs.size(); ++i) {
      const SeriesRun& run = series.runs[i];
      const SeriesPoint& point = series.points[i];
      for (const std::string& text :
           {run.started, run.name, run.machine, run.driver, run.version, run.recipe, run.cohort,
            run.folder, series.name.setting, series.name.against, series.name.measure,
            series.name.unit, series.name.better})
        out << csv_cell(text) << ',';
      out << fmt::format("{},{},{},{},{}\r\n", point.n, csv_number(point.value),
                         csv_number(point.low), csv_number(point.high), csv_number(point.worst5));
    }
}

}  // namespace sameseed
