// `sameseed gates`: a gate file from what a run measured.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>

#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "io/files.h"
#include "reports/formats/gate_file.h"
#include "reports/judge/derived_gates.h"
#include "reports/judge/reach.h"
#include "reports/judge/sample_size.h"
#include "reports/run/run_files.h"
#include "reports/run/run_index.h"
#include "reports/summary/summary.h"

namespace sameseed {
namespace {

struct GatesCommand {
  std::string run, out;
  GateRule rule;
};

int gates(const GatesCommand& command) {
  const RunFiles files = read_run_and_warn(command.run);
  const Summary summary = summarize_run(RunIndex(files));
  const std::vector<Gate> gates = derive_gates(summary, command.rule);
  PlannedObservations planned;
  for (const Comparison& comparison : summary.comparisons) {
    planned.pairs = std::max(planned.pairs, comparison.pairs.size());
    planned.prompts = std::max(planned.prompts, prompts_in(comparison.pairs));
  }
  for (const std::string& line : gates_out_of_reach(gates, planned))
    std::cerr << "sameseed: warning: no run of this size can pass this gate: " << line << "\n";
  for (const std::string& line : gates_that_hardly_fail(gates))
    std::cerr << "sameseed: warning: this gate bounds nothing: " << line << "\n";
  const std::string text = gate_file_text(gates);
  if (command.out.empty()) {
    std::cout << text;
    return 0;
  }
  write_file(command.out, text);
  std::cerr << fmt::format("sameseed: {}: {} gates for {} prompts\n", command.out, gates.size(),
                           gates.front().prompts.value_or(0));
  return 0;
}

}  // namespace

Command add_gates(CLI::App& program) {
  CLI::App* parser = program.add_subcommand(
      "gates",
      "write a gate file from what a run with --floor measured: for each group of settings bounds "
      "on the median and on the worst 5 %\n\n"
      "  sameseed run nightly.json --floor --out n1 && sameseed gates n1 --out gates.json\n\n"
      "A bound is --times the larger of two upper ends at 95 %: of the loss of the group's worst "
      "setting, and of the noise floor. Read each \"because\" before you gate on it: it says what "
      "is lost today, not what is good enough.");
  const auto command = std::make_shared<GatesCommand>();
  add_run_folder(*parser, command->run);
  parser->add_option("--out", command->out, "file to write (default: standard output)");
  parser->add_option("--metric", command->rule.metric,
                     "one of which lower is better (default: lpips.alex)");
  parser
      ->add_option("--by", command->rule.by,
                   "axis whose values have gates of their own; may be given more than once "
                   "(default: the candidate's request axes and its load.linear)")
      ->allow_extra_args(false);
  parser->add_option("--times", command->rule.times, "room above what was measured (default: 2)")
      ->check(CLI::PositiveNumber);
  parser
      ->add_option("--prompts", command->rule.prompts,
                   "sample size that the file states (default: the run's prompts)")
      ->check(CLI::Range(1, 1000000));
  return {parser, [command](const CommandLine&) { return gates(*command); }};
}

}  // namespace sameseed
