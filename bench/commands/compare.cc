// `sameseed compare`: one run against another.
#include "reports/compare/compare.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "bench/commands/scorer.h"
#include "bench/system/temporary_folder.h"
#include "io/error.h"
#include "io/files.h"
#include "reports/compare/cohort_difference.h"
#include "reports/judge/verdict.h"
#include "reports/run/line_types.h"
#include "reports/run/run_files.h"
#include "reports/run/run_index.h"
#include "reports/summary/summary.h"

namespace sameseed {
namespace {

using nlohmann::json;

struct CompareCommand {
  std::string a, b;                 // folders of runs
  std::vector<std::string> varied;  // cohort fields that may differ
  std::vector<std::string> score_margins;
  std::string time_margin = "1%";
  std::string out;  // folder for compare.json, compare.txt and scores.jsonl; or empty
};

RunFiles made_run(const std::string& folder) {
  RunFiles files = read_run_and_warn(folder);
  if (files.starts.empty())
    throw UserError(fmt::format("{}: was never started; `sameseed generate {}` makes its pictures",
                                folder, folder));
  return files;
}

// B's pictures against A's, scored into `folder`/scores.jsonl. `troubles` gets those that have no
// scores: what was not looked at is not equal.
AcrossScores score_across(const RunIndex& a, const RunIndex& b, const std::string& folder,
                          std::vector<Shortfall>& troubles) {
  json pairs = json::array();
  std::map<std::pair<std::string, std::string>, std::string> without;  // and why
  for (const SamePicture& pair : same_pictures(a, b)) {
    pairs.push_back({{"a", pair.a}, {"b", pair.b}});
    without[{pair.b, pair.a}] = "the scorer has no line for it";
  }
  AcrossScores scores;
  if (pairs.empty()) return scores;
  const std::string pairs_file = folder + "/pairs.json", scores_file = folder + "/scores.jsonl";
  write_file(pairs_file,
             json{{"a", a.files().folder}, {"b", b.files().folder}, {"pairs", pairs}}.dump());
  if (run_scorer({"across", pairs_file, "--out", scores_file}) != 0)
    throw UserError("the pictures could not be scored; see the lines above");
  for_each_score(scores_file, [&](const json& line) {
    if (line.value("type", "") != "pair") return;
    const std::pair<std::string, std::string> pair = {line.at("candidate_case"),
                                                      line.at("reference_case")};
    if (line.contains("refused")) {
      without[pair] = line.at("refused");
    } else {
      scores[pair] = parse_pair_scores(line);
      without.erase(pair);
    }
  });
  for (const auto& [pair, why] : without)
    troubles.push_back(
        {7, fmt::format("the picture of case {} has no scores against A's: {}", pair.first, why)});
  return scores;
}

// What makes a run no whole one, as its own report has it.
std::vector<Shortfall> troubles_of(const RunIndex& run) {
  std::vector<Shortfall> troubles;
  for (const Cause& cause : verdict_of(summarize_run(run), std::nullopt).causes)
    if ((cause.code == 7 && cause.kind != "unscored") || cause.code == 8)
      troubles.push_back({cause.code, cause.text});
  return troubles;
}

// Scores B's pictures against A's in a clean process, prints what the runs differ by, and writes it
// to `out`. Returns the verdict's code (reports/compare/compare.h).
int compare(const CompareCommand& command, std::ostream& terminal) {
  if (!command.out.empty()) remove_temporaries(command.out);
  const RunFiles files_a = made_run(command.a), files_b = made_run(command.b);
  const RunIndex a(files_a), b(files_b);
  CompareOptions options{.varied = command.varied,
                         .time_margin = parse_time_margin(command.time_margin),
                         .troubles_a = troubles_of(a),
                         .troubles_b = troubles_of(b)};
  for (const std::string& text : command.score_margins)
    add_score_margin(text, options.score_margins);
  Compared compared = compare_runs(a, b, options, {});
  const TemporaryFolder own;
  if (compared.verdict.code != 6) {
    const AcrossScores across =
        score_across(a, b, command.out.empty() ? own.path() : command.out, options.troubles_b);
    compared = compare_runs(a, b, options, across);
  }
  std::ostringstream text;
  write_comparison(compared, text);
  if (!command.out.empty()) {
    const std::filesystem::path out = command.out;
    write_file(out / "compare.json", compare_json(compared).dump(1) + "\n");
    write_file(out / "compare.txt", text.str());
  }
  terminal << text.str();
  return compared.verdict.code;
}

}  // namespace

Command add_compare(CLI::App& program) {
  CLI::App* parser = program.add_subcommand(
      "compare",
      "one run against another of the same sweep\n\n"
      "  sameseed compare --vary driver runs/old runs/new\n"
      "  sameseed compare --vary libtorch runs/of-2.11.0 runs/of-2.10.0\n\n"
      "Exit codes: 0 every score and time of RUN_B is shown to be not worse by more than its "
      "margin, 2 scores are worse, 3 times, 4 both, 5 it cannot be told, 6 the runs differ in what "
      "was not varied, or not in what was, in their noise or their tokens, in the library that "
      "computed their scores, or are the same run, 7 something is "
      "missing, 8 a switch did not act, 1 usage or internal error.");
  const auto command = std::make_shared<CompareCommand>();
  parser->add_option("run_a", command->a, "folder of the earlier run")->required();
  parser->add_option("run_b", command->b, "folder of the other run")->required();
  parser
      ->add_option(
          "--vary", command->varied,
          "cohort field that was varied and has to differ (driver, libtorch, cudnn, kernel, ...); "
          "what comes along with it may")
      ->allow_extra_args(false);
  parser
      ->add_option("--score-margin", command->score_margins,
                   "METRIC=PERCENT% of RUN_A's mean loss, or METRIC=LOSS: how much worse is still "
                   "not worse; 25% unless given")
      ->allow_extra_args(false);
  parser->add_option("--time-margin", command->time_margin,
                     "the same of every time; 1% unless given");
  parser->add_option("--out", command->out,
                     "folder for compare.json, compare.txt and the scores of B's pictures "
                     "against A's");
  return {parser, [command](const CommandLine&) { return compare(*command, std::cout); }};
}

}  // namespace sameseed
