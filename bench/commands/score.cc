// `sameseed score`: the pictures of a run, scored.
#include <CLI/CLI.hpp>
#include <memory>

#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "bench/commands/scorer.h"
#include "bench/plan/plan_file.h"
#include "bench/sweep/run_lock.h"

namespace sameseed {

Command add_score(CLI::App& program) {
  CLI::App* parser = program.add_subcommand("score", "score the pictures of a run");
  const auto run = std::make_shared<std::string>();
  add_run_folder(*parser, *run);
  return {parser, [run](const CommandLine&) {
            check_plan(*run);  // before a folder is made
            const RunLock lock(*run);
            return run_scorer({"run", *run});
          }};
}

}  // namespace sameseed
