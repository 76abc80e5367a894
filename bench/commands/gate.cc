#include "bench/commands/gate.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "bench/plan/plan_file.h"
#include "bench/sweep/run_lock.h"
#include "io/error.h"
#include "reports/report.h"

namespace sameseed {
namespace {

struct GateCommand {
  std::string run;
  GateOptions options;
};

int gate(const std::filesystem::path& run, const GateOptions& options) {
  read_plan(run);  // before a folder is made
  const RunLock lock(run);
  keep_gates(run, options);
  keep_accepted_baseline(run, options);
  if (!std::filesystem::exists(run / "gates.json"))
    throw UserError(
        fmt::format("{}: holds no gates.json; name a gate file with --gates", run.string()));
  return report_run(run, std::cout);
}

}  // namespace

void add_gate_options(CLI::App& command, GateOptions& options, const char* gates) {
  command.add_option("--gates", options.gates, gates);
  command.add_option("--baseline", options.baseline,
                     "for gates with a baseline: report.json of an accepted run, or `accepted` "
                     "for the last one in the ledger that fits (default: the one given before)");
  command.add_option("--ledger", options.ledger, kLedgerHelp);
}

Command add_gate(CLI::App& program) {
  CLI::App* parser =
      program.add_subcommand("gate", "judge a run by a gate file; the exit code is the verdict");
  const auto command = std::make_shared<GateCommand>();
  add_gate_options(*parser, command->options, "gate file (default: the one of the run)");
  add_run_folder(*parser, command->run);
  return {parser, [command](const CommandLine&) { return gate(command->run, command->options); }};
}

}  // namespace sameseed
