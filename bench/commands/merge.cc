// `sameseed merge`: the shards of a plan as one run, scored and reported.
#include "bench/sweep/merge.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "bench/commands/command.h"
#include "bench/commands/scorer.h"
#include "bench/score/merged_scores.h"
#include "bench/sweep/run_lock.h"
#include "reports/report.h"

namespace sameseed {
namespace {

struct MergeCommand {
  std::vector<std::string> shards;
  std::string out;
};

int merge_shards(const std::vector<std::string>& shards, const std::string& out) {
  refuse_same_folders({shards.begin(), shards.end()}, out);
  const RunLock lock(out);
  for (const std::string& line : merge({shards.begin(), shards.end()}, out))
    std::cerr << "sameseed: " << line << "\n";
  merge_scores({shards.begin(), shards.end()}, out);
  if (const int code = score_run(out); code != 0) return code;
  return report_run(out, std::cout);
}

}  // namespace

Command add_merge(CLI::App& program) {
  CLI::App* parser = program.add_subcommand(
      "merge", "join the shards of a plan into one run, score and report it");
  const auto command = std::make_shared<MergeCommand>();
  parser->add_option("shards", command->shards, "folders made with --shard")->required();
  parser->add_option("--out", command->out, "folder of the joined run")->required();
  return {parser,
          [command](const CommandLine&) { return merge_shards(command->shards, command->out); }};
}

}  // namespace sameseed
