// `sameseed recommend`: the fastest setting of a run that keeps to bounds on quality.
#include "reports/judge/recommend.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "io/error.h"
#include "reports/run/labels.h"
#include "reports/run/run_files.h"
#include "reports/run/run_index.h"
#include "reports/summary/summary.h"

namespace sameseed {
namespace {

struct RecommendCommand {
  std::string run;
  std::vector<std::string> at_most, at_least;  // as parse_quality_bound() reads them
};

// Prints the setting as a file to source.
int recommend_setting(const RecommendCommand& command, std::ostream& out) {
  std::vector<QualityBound> bounds;
  std::string line = "sameseed recommend " + quoted(command.run);
  for (const std::string& text : command.at_most) {
    bounds.push_back(parse_quality_bound(text, true));
    line += " --at-most " + quoted(text);
  }
  for (const std::string& text : command.at_least) {
    bounds.push_back(parse_quality_bound(text, false));
    line += " --at-least " + quoted(text);
  }
  if (bounds.empty()) throw UserError("recommend needs a bound: --at-most lpips.alex.worst5=0.1");
  const RunFiles files = read_run_and_warn(command.run);
  const Summary summary = summarize_run(RunIndex(files));
  const Recommendation recommendation = recommend(recommendable(summary, bounds), line);
  out << recommendation.environment_file;
  return recommendation.code;
}

}  // namespace

Command add_recommend(CLI::App& program) {
  CLI::App* parser = program.add_subcommand(
      "recommend",
      "the fastest setting of a run that holds with 95 % confidence and is shown to be faster than "
      "the reference, as an environment file\n\n"
      "  sameseed recommend RUN --at-most lpips.alex.worst5=0.1 > fast.env && . ./fast.env\n\n"
      "Exit codes: 0 there is one, 2 no setting holds, 5 some seem to, without confidence, or none "
      "that holds is shown to be faster than the reference, or nothing was scored, 7 none holds "
      "and pairs failed, are missing or were refused by the scorer, 1 usage or internal error.");
  const auto command = std::make_shared<RecommendCommand>();
  add_run_folder(*parser, command->run);
  parser->add_option("--at-most", command->at_most, "METRIC.STATISTIC=NUMBER: mean or worst5")
      ->allow_extra_args(false);
  parser->add_option("--at-least", command->at_least, "the same where higher is better")
      ->allow_extra_args(false);
  return {parser, [command](const CommandLine&) { return recommend_setting(*command, std::cout); }};
}

}  // namespace sameseed
