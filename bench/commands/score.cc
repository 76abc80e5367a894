// `sameseed score`: the pictures of a run, scored.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>

#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "bench/commands/scorer.h"
#include "bench/plan/plan_file.h"
#include "bench/sweep/run_lock.h"
#include "reports/run/labels.h"
#include "reports/run/run_files.h"

namespace sameseed {

namespace {

struct ScoreCommand {
  std::string run, shard;
  double time_limit = 0;  // seconds; 0: learnt
};

// What is wrong where scores would be lost that were computed before their pictures, latents or
// traces were; empty where none are.
std::string loss_of_scores(const RunFiles& files) {
  const auto is_lost = [&](const std::string& sample) { return !files.samples.contains(sample); };
  const auto pairs = std::ranges::count_if(files.scores, [&](const auto& one) {
    const PairScores& scores = one.second;
    return !scores.refused && (is_lost(scores.candidate) || is_lost(scores.reference));
  });
  if (pairs == 0) return "";
  return fmt::format(
      "{0}/scores.jsonl holds scores of {1} whose picture, latents or trace is gone since, and "
      "stays as it is. `sameseed run` makes the files again. To score the others only, remove "
      "scores.jsonl",
      files.folder, pairs == 1 ? "1 pair" : fmt::format("{} pairs", pairs));
}

int score(const ScoreCommand& command) {
  check_plan(command.run);  // before a folder is made
  const RunLock lock(command.run);
  if (const std::string loss = loss_of_scores(read_run(command.run)); !loss.empty()) {
    std::cerr << "sameseed: " << one_line(loss) << "\n";
    return kInfrastructureCode;
  }
  ScorerLimit limit;
  if (command.time_limit > 0) limit = from_seconds(command.time_limit);
  std::optional<Shard> shard;
  if (!command.shard.empty()) shard = parse_shard(command.shard);
  return score_run(command.run, limit, shard);
}

}  // namespace

Command add_score(CLI::App& program) {
  CLI::App* parser =
      program.add_subcommand("score", "score the pairs of a run that have no scores yet");
  const auto command = std::make_shared<ScoreCommand>();
  add_run_folder(*parser, command->run);
  parser->add_option("--shard", command->shard,
                     "I/N: only every N-th pair, for `merge`, in a copy of the run");
  parser
      ->add_option("--time-limit", command->time_limit,
                   "seconds without a scored pair after which the scorer counts as hung (default: "
                   "learnt from its earlier pairs, at least 60)")
      ->check(CLI::PositiveNumber);
  return {parser, [command](const CommandLine&) { return score(*command); }};
}

}  // namespace sameseed
