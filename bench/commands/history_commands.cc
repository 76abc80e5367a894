#include "bench/commands/history_commands.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "bench/ledger/ledger.h"
#include "io/error.h"
#include "io/files.h"
#include "reports/history/series.h"
#include "reports/run/labels.h"
#include "reports/run/run_files.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr const char* kUsual[] = {"lpips.alex", "total_ms.ratio"};

json report_of(const std::string& folder) {
  const std::filesystem::path file = std::filesystem::path(folder) / "report.json";
  if (!std::filesystem::exists(file))
    throw UserError(
        fmt::format("{}: not there; `sameseed report {}` writes it", file.string(), folder));
  json report = read_json(file);
  if (!report.is_object() || report.value("schema", json()) != "sameseed/report/1")
    throw UserError(
        fmt::format("{}: field `schema` must be \"sameseed/report/1\"; write it anew "
                    "with `sameseed report {}`",
                    file.string(), folder));
  return report;
}

// Its key.
std::string add(Ledger& ledger, const std::string& folder, std::ostream& out) {
  const RunFiles files = read_run(folder);
  const json report = report_of(folder);
  if (files.starts.empty()) throw UserError(fmt::format("{}: was never started", folder));
  const SeriesRun run = series_run(report, files.starts.front(),
                                   std::filesystem::absolute(folder).lexically_normal().string());
  const std::vector<SeriesRow> rows = series_rows(report);
  ledger.add(run, rows);
  out << fmt::format("{}: {} numbers of {} comparisons, cohort {}; {} runs in the ledger\n", folder,
                     rows.size(), report.at("comparisons").size(), run.cohort.substr(0, 12),
                     ledger.runs());
  return run.key;
}

// Scores and times that a gate found wanting may be the new level that somebody accepts; a run that
// did not come out is none.
void refuse_no_baseline(const std::string& folder) {
  const json report = report_of(folder);
  const int code = report.at("verdict").at("code");
  if (code == 1 || code >= 6)
    throw UserError(fmt::format(
        "{}: its verdict is {} ({}), and such a run is no baseline; `sameseed report {}` says why",
        folder, report.at("verdict").at("word").get<std::string>(), code, folder));
  if (const json& differs = report.at("cohort").at("differs"); !differs.empty())
    throw UserError(
        fmt::format("{}: its starts or workers disagree in {}: of what would it be a "
                    "baseline?",
                    folder, differs.dump()));
}

bool fits(const SeriesName& name, const std::string& setting) {
  if (setting.empty()) return true;
  const json value = json::parse(name.setting, nullptr, false);
  return (value.is_object() && setting_label(value).find(setting) != std::string::npos) ||
         name.setting.find(setting) != std::string::npos;
}

// Throws UserError that names the measures there are, where no series fits.
std::vector<SeriesName> wanted(const Ledger& ledger, const HistoryCommand& asked, bool all) {
  std::vector<SeriesName> list;
  const auto take = [&](const std::string& measure) {
    for (SeriesName& one : ledger.series(measure))
      if (fits(one, asked.setting)) list.push_back(std::move(one));
  };
  if (!asked.metric.empty() || all)
    take(asked.metric);
  else
    for (const char* measure : kUsual) take(measure);
  if (!list.empty()) return list;
  std::set<std::string> known;
  for (const SeriesName& one : ledger.series("")) known.insert(one.measure);
  std::string text;
  for (const std::string& one : known) text += (text.empty() ? "" : ", ") + one;
  throw UserError(
      known.empty()
          ? "the ledger holds no run; `sameseed history add RUN` takes one in"
          : fmt::format("no series fits --metric {} --setting {}; metrics and timings are {}",
                        quoted(asked.metric), quoted(asked.setting), text));
}

}  // namespace

int add_to_history(const HistoryCommand& asked, std::ostream& out) {
  Ledger ledger(ledger_file(asked.ledger), Ledger::Use::kWrite);
  add(ledger, asked.run, out);
  return 0;
}

int show_history(const HistoryCommand& asked, std::ostream& out) {
  const Ledger ledger(ledger_file(asked.ledger), Ledger::Use::kRead);
  for (const SeriesName& name : wanted(ledger, asked, false)) write_series(ledger.read(name), out);
  return 0;
}

int export_history(const HistoryCommand& asked, std::ostream& out) {
  const Ledger ledger(ledger_file(asked.ledger), Ledger::Use::kRead);
  std::vector<Series> all;
  for (const SeriesName& name : wanted(ledger, asked, true)) all.push_back(ledger.read(name));
  write_csv(all, out);
  return 0;
}

int accept_baseline(const HistoryCommand& asked, std::ostream& out) {
  Ledger ledger(ledger_file(asked.ledger), Ledger::Use::kWrite);
  refuse_no_baseline(asked.run);
  const std::filesystem::path report = std::filesystem::path(asked.run) / "report.json";
  ledger.accept(add(ledger, asked.run, out), read_file(report));
  out << fmt::format("{}: accepted as a baseline of its cohort\n", asked.run);
  return 0;
}

int list_baselines(const HistoryCommand& asked, std::ostream& out) {
  const Ledger ledger(ledger_file(asked.ledger), Ledger::Use::kRead);
  const auto all = ledger.baselines();
  if (all.empty())
    out << "no run is accepted; `sameseed baseline accept RUN` makes one a baseline\n";
  std::string cohort;
  for (const Ledger::Accepted& one : all) {
    if (one.run.cohort != cohort)
      out << fmt::format("{} on {}{}, cohort {}\n", one_line(one.run.name),
                         one_line(one.run.machine),
                         one.run.driver.empty() ? "" : ", driver " + one_line(one.run.driver),
                         one.run.cohort.substr(0, 12));
    cohort = one.run.cohort;
    out << fmt::format("  {}  accepted {}  verdict {}  {}\n", one_line(one.run.started),
                       one.accepted, one.run.code, one_line(one.run.folder));
  }
  return 0;
}

}  // namespace sameseed
