// A series as a person reads it on a terminal, and as CSV.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

#include "reports/history/series.h"
#include "reports/run/labels.h"
#include "reports/statistics/fewest_blocks.h"

namespace sameseed {
namespace {

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

std::string newest_text(const SeriesName& name, const SeriesPoint& point) {
  if (point.value) return fmt::format("{:.6g}", *point.value);
  const std::string few = name.measure.ends_with(".ratio") ? too_few_blocks(point.n) : "";
  return few.empty() ? "not finite" : few;
}

}  // namespace

void write_series(const Series& series, std::ostream& out) {
  const SeriesName& name = series.name;
  const nlohmann::json setting = nlohmann::json::parse(name.setting, nullptr, false);
  out << fmt::format(
      "{}: {}, {}, to {}{}\n", one_line(name.name), one_line(name.measure),
      one_line(setting.is_object() ? setting_label(setting.get<Setting>()) : name.setting),
      name.against == "reference" ? "the reference" : "switches off",
      name.unit.empty() ? "" : fmt::format(" ({})", one_line(name.unit)));
  const std::vector<Plateau> plateaus = plateaus_of(series);
  for (std::size_t i = 0; i < plateaus.size(); ++i) {
    const Plateau& plateau = plateaus[i];
    std::string why = i == 0 ? "" : plateau.new_recipe ? "another recipe" : "step";
    if (i > 0 && !plateau.new_recipe) {
      const double before = plateaus[i - 1].mean, change = plateau.mean - before;
      why += before != 0
                 ? fmt::format(" of {:+.3g} ({:+.2f} %)", change, 100 * change / std::abs(before))
                 : fmt::format(" of {:+.3g}", change);
      const SeriesRun &last = series.runs[plateau.first - 1], &first = series.runs[plateau.first];
      why += fmt::format(", between {} and {}", one_line(last.folder), one_line(first.folder));
      if (last.driver != first.driver)
        why += fmt::format(", driver {} -> {}", one_line(last.driver), one_line(first.driver));
      if (last.version != first.version)
        why += fmt::format(", sameseed {} -> {}", one_line(last.version), one_line(first.version));
    }
    out << fmt::format("  from {}  {:>4} runs at {:<12.6g} {}\n",
                       day_of(series.runs[plateau.first]), plateau.count, plateau.mean, why);
  }
  if (plateaus.empty()) out << "  no run has a value\n";
  out << fmt::format("  {} on {}: {} runs, newest {}\n", one_line(name.machine),
                     series.runs.empty() ? "-" : day_of(series.runs.back()), series.runs.size(),
                     series.points.empty() ? "-" : newest_text(name, series.points.back()));
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
