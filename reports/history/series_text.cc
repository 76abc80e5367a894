// A series as a person reads it on a terminal, and as CSV.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

#include "reports/history/changes.h"
#include "reports/history/series.h"
#include "reports/run/cohort.h"
#include "reports/run/labels.h"
#include "reports/statistics/fewest_blocks.h"

namespace sameseed {
namespace {

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string cell = "\"";
  for (const char c : text) cell += c == '"' ? "\"\"" : std::string(1, c);
  return cell + "\"";
}

std::string csv_number(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : "";
}

std::string newest_text(const SeriesName& name, const SeriesPoint& point) {
  if (point.value) return fmt::format("{:.6g}", *point.value);
  const std::string few = name.measure.ends_with(".ratio") ? too_few_blocks(point.n) : "";
  return few.empty() ? "not finite" : few;
}

// "arms-0123456789ab:cdef01"
std::string short_recipe(const std::string& recipe) {
  const std::size_t content = recipe.find(':');
  const std::size_t digits = (is_older_recipe(recipe) ? 0 : std::string(kRecipeFormat).size()) + 12;
  return one_line(recipe.substr(0, std::min(content, digits)) +
                  (content == std::string::npos ? "" : recipe.substr(content, 7)));
}

std::string why_new(const Series& series, const Plateau& plateau, double before) {
  const SeriesRun& first = series.runs[plateau.first];
  if (plateau.new_recipe)
    return is_older_recipe(first.recipe) == is_older_recipe(series.runs[plateau.first - 1].recipe)
               ? "another recipe"
               : "another recipe: those of older versions do not say what stands in which arm";
  const double change = plateau.mean - before;
  const std::string step = before != 0 ? fmt::format("step of {:+.3g} ({:+.2f} %)", change,
                                                     100 * change / std::abs(before))
                                       : fmt::format("step of {:+.3g}", change);
  return step + ", " + changes_text(series, plateau.last_before, plateau.first);
}

std::string bad_text(const Series& series, const Plateau& plateau) {
  if (plateau.bad.empty()) return "";
  std::vector<std::string> days;
  for (const std::size_t run : plateau.bad) days.push_back(day_of(series.runs[run]));
  return fmt::format("    left out of its mean, far from the nights around: {}\n", listed(days, 3));
}

void write_one(const Series& series, bool of_several, std::ostream& out) {
  const SeriesName& name = series.name;
  const nlohmann::json setting = nlohmann::json::parse(name.setting, nullptr, false);
  out << fmt::format(
      "{}: {}, {}, to {}{}{}\n", one_line(name.name), one_line(name.measure),
      one_line(setting.is_object() ? setting_label(setting.get<Setting>()) : name.setting),
      name.against == "reference" ? "the reference" : "switches off",
      name.unit.empty() ? "" : fmt::format(" ({})", one_line(name.unit)),
      of_several ? ", recipe " + short_recipe(series.runs.front().recipe) : "");
  const std::vector<Plateau> plateaus = plateaus_of(series);
  for (std::size_t i = 0; i < plateaus.size(); ++i)
    out << fmt::format("  from {}  {:>4} runs at {:<12.6g} {}\n{}",
                       day_of(series.runs[plateaus[i].first]), plateaus[i].count, plateaus[i].mean,
                       i == 0 ? "" : why_new(series, plateaus[i], plateaus[i - 1].mean),
                       bad_text(series, plateaus[i]));
  if (plateaus.empty()) out << "  no run has a value\n";
  for (const std::string& line : doubts_of(series)) out << "  " << line << "\n";
  out << fmt::format("  {} on {}: {} runs, newest {}\n", one_line(name.machine),
                     series.runs.empty() ? "-" : day_of(series.runs.back()), series.runs.size(),
                     series.points.empty() ? "-" : newest_text(name, series.points.back()));
}

}  // namespace

void write_series(const Series& series, std::ostream& out) {
  const std::vector<Series> all = by_recipe(series);
  for (const Series& one : all) write_one(one, all.size() > 1, out);
}

void write_csv(const std::vector<Series>& all, std::ostream& out) {
  out << "started,name,machine,driver,version,recipe,cohort,folder,setting,against,measure,unit,"
         "better,n,value,low,high,worst5,host\r\n";
  for (const Series& series : all)
    for (std::size_t i = 0; i < series.runs.size(); ++i) {
      const SeriesRun& run = series.runs[i];
      const SeriesPoint& point = series.points[i];
      for (const std::string& text :
           {run.started, run.name, run.machine, run.driver, run.version, run.recipe, run.cohort,
            run.folder, series.name.setting, series.name.against, series.name.measure,
            series.name.unit, series.name.better})
        out << csv_cell(text) << ',';
      out << fmt::format("{},{},{},{},{},{}\r\n", point.n, csv_number(point.value),
                         csv_number(point.low), csv_number(point.high), csv_number(point.worst5),
                         csv_cell(run.host));
    }
}

}  // namespace sameseed
