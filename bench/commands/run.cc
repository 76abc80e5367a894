// `sameseed run`: all of it, from the plan to the verdict.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>

#include "bench/commands/command.h"
#include "bench/commands/gate.h"
#include "bench/commands/generate.h"
#include "bench/commands/plan.h"
#include "bench/commands/scorer.h"
#include "bench/score/scoring.h"
#include "bench/sweep/run_lock.h"
#include "reports/report.h"

namespace sameseed {
namespace {

struct RunCommand {
  PlanOptions plan;
  GenerateArguments generate;
  GateOptions gate;
  bool require_coverage = false;
};

int run(const RunCommand& command, const CommandLine& line) {
  GenerateOptions options = generate_options(command.generate, line);
  const PlannedRun planned = plan_run(command.plan);
  check_gates(planned.run, planned.plan, command.gate);
  const RunLock lock(planned.run);
  write_plan(planned);
  keep_gates(planned.run, command.gate);
  if (options.verbosity != Verbosity::kQuiet) describe_plan(planned);
  std::optional<Scoring> scoring;
  if (!options.shard) {  // a shard is scored where it is joined
    scoring.emplace(planned.run, scoring_options(options.time_limit));
    scoring->start();
    options.beside = &*scoring;
  }
  const GenerateResult made = generate(planned.run, options);
  if (is_unfinished(made)) return explain_unfinished(made, planned.run, line);
  if (options.shard) {
    std::cerr << fmt::format(
        "sameseed: shard {}/{} is made; `sameseed merge` joins it with the others\n",
        options.shard->index, options.shard->count);
    return code_of_failures(made, planned.run);
  }
  if (const int code = finish(*scoring); code != 0) return code;
  keep_accepted_baseline(planned.run, command.gate);
  return report_run(planned.run, std::cout, {.require_coverage = command.require_coverage});
}

}  // namespace

Command add_run(CLI::App& program) {
  CLI::App* parser = program.add_subcommand("run", "plan, generate, score and report");
  const auto command = std::make_shared<RunCommand>();
  add_plan_options(*parser, command->plan);
  add_generate_options(*parser, command->generate);
  add_gate_options(*parser, command->gate, "gate file: thresholds that decide the exit code");
  add_require_coverage(*parser, command->require_coverage);
  return {parser, [command](const CommandLine& line) { return run(*command, line); }};
}

}  // namespace sameseed
