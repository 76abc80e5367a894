// `sameseed score-pair`: every metric of two pictures.
#include <CLI/CLI.hpp>
#include <memory>

#include "bench/commands/command.h"
#include "bench/commands/scorer.h"

namespace sameseed {
namespace {

struct ScorePairCommand {
  std::string reference, candidate, map;
};

int score_pair(const ScorePairCommand& command) {
  std::vector<std::string> arguments = {"pair", command.reference, command.candidate};
  if (!command.map.empty()) arguments.insert(arguments.end(), {"--map", command.map});
  return run_scorer(std::move(arguments));
}

}  // namespace

Command add_score_pair(CLI::App& program) {
  CLI::App* parser =
      program.add_subcommand("score-pair", "every metric of one pair of pictures, as JSON");
  const auto command = std::make_shared<ScorePairCommand>();
  parser->add_option("reference", command->reference, "PNG or JPEG, 8 bits a channel")->required();
  parser->add_option("candidate", command->candidate, "PNG or JPEG")->required();
  parser->add_option("--map", command->map, "write the heat map of the difference to this PNG");
  return {parser, [command](const CommandLine&) { return score_pair(*command); }};
}

}  // namespace sameseed
