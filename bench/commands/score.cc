// `sameseed score`: the pictures of a run, scored.
#include <CLI/CLI.hpp>
#include <memory>

#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "bench/commands/scorer.h"
#include "bench/plan/plan_file.h"
#include "bench/sweep/run_lock.h"

namespace sameseed {

namespace {

struct ScoreCommand {
  std::string run;
  double time_limit = 0;  // seconds; 0: learnt
};

int score(const ScoreCommand& command) {
  check_plan(command.run);  // before a folder is made
  const RunLock lock(command.run);
  ScorerLimit limit;
  if (command.time_limit > 0) limit = from_seconds(command.time_limit);
  return run_scorer({"run", command.run}, limit);
}

}  // namespace

Command add_score(CLI::App& program) {
  CLI::App* parser = program.add_subcommand("score", "score the pictures of a run");
  const auto command = std::make_shared<ScoreCommand>();
  add_run_folder(*parser, command->run);
  parser
      ->add_option("--time-limit", command->time_limit,
                   "seconds without a scored pair after which the scorer counts as hung (default: "
                   "learnt from its earlier pairs, at least 60)")
      ->check(CLI::PositiveNumber);
  return {parser, [command](const CommandLine&) { return score(*command); }};
}

}  // namespace sameseed
