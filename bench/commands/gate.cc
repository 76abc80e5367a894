#include "bench/commands/gate.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "bench/plan/plan_file.h"
#include "bench/sweep/run_lock.h"
#include "bench/system/temporary_folder.h"
#include "io/error.h"
#include "reports/judge/accepted_report.h"
#include "reports/judge/gate.h"
#include "reports/report.h"

namespace sameseed {
namespace {

struct GateCommand {
  std::string run;
  GateOptions options;
  bool require_coverage = false;
  bool keep = false;  // the gates and the baseline, in the run's folder
};

// By the run's own gates and baseline where none are named.
int judge(const std::filesystem::path& run, const GateOptions& options, bool require_coverage) {
  const TemporaryFolder folder;
  const std::filesystem::path gates =
      options.gates.empty() ? run / "gates.json" : std::filesystem::path(options.gates);
  if (!std::filesystem::exists(gates))
    throw UserError(
        fmt::format("{}: holds no gates.json; name a gate file with --gates", run.string()));
  if (!options.gates.empty()) read_gates(gates);  // a bad file is an error, and no report is made
  ReportOptions report{.require_coverage = require_coverage, .gates = gates};
  if (options.baseline == kAcceptedBaseline) {
    report.baseline = folder / "baseline.json";
    write_accepted_baseline(run, options, gates, report.baseline);
    report.first_baseline = first_baseline_beside(report.baseline);
  } else if (!options.baseline.empty()) {
    read_accepted_report(options.baseline);
    report.baseline = options.baseline;
  }
  return report_run(run, std::cout, report);
}

int gate(const GateCommand& command) {
  const std::filesystem::path run = command.run;
  check_plan(run);  // before a folder is made
  const RunLock lock(run);
  if (!command.keep) return judge(run, command.options, command.require_coverage);
  keep_gates(run, command.options);
  keep_accepted_baseline(run, command.options);
  return judge(run, {}, command.require_coverage);
}

}  // namespace

void add_gate_options(CLI::App& command, GateOptions& options, const char* gates) {
  command.add_option("--gates", options.gates, gates);
  command.add_option("--baseline", options.baseline,
                     "for gates with a baseline: report.json of an accepted run, or `accepted` "
                     "for the last one in the ledger that fits (default: the one given before)");
  command.add_option("--ledger", options.ledger, kLedgerHelp);
}

void add_require_coverage(CLI::App& command, bool& required) {
  command.add_flag("--require-coverage", required,
                   "a setting whose pictures no gate judges makes the verdict inconclusive (5)");
}

Command add_gate(CLI::App& program) {
  CLI::App* parser = program.add_subcommand(
      "gate",
      "judge a run by a gate file, and write that into its report; the exit code is the verdict");
  const auto command = std::make_shared<GateCommand>();
  add_gate_options(*parser, command->options, "gate file (default: the one of the run)");
  add_require_coverage(*parser, command->require_coverage);
  parser->add_flag("--keep", command->keep,
                   "keep the gates and the baseline in the run's folder, so that `report`, `merge` "
                   "and `gate` judge by them from now on");
  add_run_folder(*parser, command->run);
  return {parser, [command](const CommandLine&) { return gate(*command); }};
}

}  // namespace sameseed
