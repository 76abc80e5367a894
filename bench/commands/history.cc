// `sameseed history`: many runs, and when a number changed.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "bench/ledger/enter_run.h"
#include "bench/ledger/ledger.h"
#include "io/error.h"
#include "reports/history/series.h"
#include "reports/run/labels.h"

namespace sameseed {
namespace {

struct HistoryCommand {
  std::string run;              // folder, of `add`
  std::string metric, setting;  // of `show` and `export`: of these only, where given
  std::string ledger;           // file; empty: the user's (ledger.h)
  bool csv = false;             // of `export`, which has no other format
};

constexpr const char* kUsual[] = {"lpips.alex", "total_ms.ratio"};

bool fits(const SeriesName& name, const std::string& setting) {
  if (setting.empty()) return true;
  const nlohmann::json value = nlohmann::json::parse(name.setting, nullptr, false);
  return (value.is_object() &&
          setting_label(value.get<Setting>()).find(setting) != std::string::npos) ||
         name.setting.find(setting) != std::string::npos;
}

// Throws UserError that names the measures there are, where no series fits.
std::vector<SeriesName> wanted(const Ledger& ledger, const HistoryCommand& command, bool all) {
  std::vector<SeriesName> list;
  const auto take = [&](const std::string& measure) {
    for (SeriesName& name : ledger.series(measure))
      if (fits(name, command.setting)) list.push_back(std::move(name));
  };
  if (!command.metric.empty() || all)
    take(command.metric);
  else
    for (const char* measure : kUsual) take(measure);
  if (!list.empty()) return list;
  std::set<std::string> known;
  for (const SeriesName& name : ledger.series("")) known.insert(name.measure);
  std::string text;
  for (const std::string& measure : known) text += (text.empty() ? "" : ", ") + measure;
  throw UserError(
      known.empty()
          ? "the ledger holds no run; `sameseed history add RUN` takes one in"
          : fmt::format("no series fits --metric {} --setting {}; metrics and timings are {}",
                        quoted(command.metric), quoted(command.setting), text));
}

int add_to_history(const HistoryCommand& command, std::ostream& out) {
  Ledger ledger(ledger_file(command.ledger), Ledger::Use::kWrite);
  enter_run(ledger, command.run, out);
  return 0;
}

int show_history(const HistoryCommand& command, std::ostream& out) {
  const Ledger ledger(ledger_file(command.ledger), Ledger::Use::kRead);
  for (const SeriesName& name : wanted(ledger, command, false))
    write_series(ledger.read(name), out);
  return 0;
}

int export_history(const HistoryCommand& command, std::ostream& out) {
  const Ledger ledger(ledger_file(command.ledger), Ledger::Use::kRead);
  std::vector<Series> all;
  for (const SeriesName& name : wanted(ledger, command, true)) all.push_back(ledger.read(name));
  write_csv(all, out);
  return 0;
}

}  // namespace

Command add_history(CLI::App& program) {
  CLI::App* parser = program.add_subcommand("history", "many runs, and when a number changed");
  const auto command = std::make_shared<HistoryCommand>();
  parser->require_subcommand(1);
  parser->fallthrough();
  parser->add_option("--ledger", command->ledger, kLedgerHelp);
  CLI::App* add = parser->add_subcommand("add", "take a run in; again, in its own place");
  CLI::App* show = parser->add_subcommand(
      "show", "plateaus of each series, and the dates of steps between them");
  CLI::App* export_all = parser->add_subcommand("export", "every number of every run");
  add_run_folder(*add, command->run);
  for (CLI::App* reader : {show, export_all}) {
    reader->add_option("--metric", command->metric,
                       "this metric or timing only, such as lpips.alex or total_ms.ratio");
    reader->add_option("--setting", command->setting,
                       "settings that hold this text only, such as \"deepcache 3/0/0\"");
  }
  export_all->add_flag("--csv", command->csv, "as CSV (RFC 4180), on standard output")->required();
  return {parser, [command, add, show](const CommandLine&) {
            if (*add) return add_to_history(*command, std::cout);
            if (*show) return show_history(*command, std::cout);
            return export_history(*command, std::cout);
          }};
}

}  // namespace sameseed
