#include "bench/commands/scorer.h"

#include <fmt/format.h>
#include <string.h>

#include <iostream>

#include "bench/commands/generate.h"
#include "bench/system/host.h"
#include "bench/system/programs.h"
#include "bench/worker/watched_program.h"
#include "io/error.h"

namespace sameseed {
namespace {

std::vector<std::string> scorer_command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), program("sameseed-scorer").string());
  arguments.insert(arguments.end(), {"--weights", data("metrics/weights").string()});
  return arguments;
}

// How a program ended that did not end well.
std::string ending(int code) {
  if (code == kCannotExecute) return "cannot be started";
  if (code > 128)
    return fmt::format("was ended by signal {} ({})", code - 128, strsignal(code - 128));
  return fmt::format("ended with exit code {}", code);
}

double seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

int run_scorer(std::vector<std::string> arguments, const ScorerLimit& limit) {
  arguments.insert(arguments.begin(), {"--signs-of-life", std::to_string(kSignsOfLife)});
  const std::vector<std::string> command = scorer_command(std::move(arguments));
  WatchedEnd end = run_watched_program(command, limit);
  if (end.silent) {
    std::cerr << fmt::format(
        "sameseed: the scorer {} gave no sign of life for {:.3g} s: it was "
        "ended and is started anew\n",
        command.front(), seconds(*end.silent));
    end = run_watched_program(command, limit);
  }
  if (end.silent) {
    std::cerr << fmt::format(
        "sameseed: the scorer {} hung twice ({:.3g} s without a sign of life) "
        "and was ended; the pictures stand; `sameseed score` with a longer "
        "--time-limit goes on\n",
        command.front(), seconds(*end.silent));
    return kInfrastructureCode;
  }
  if (end.code == 0 || end.code == 1) return end.code;
  std::cerr << fmt::format("sameseed: the scorer {} {}; the pictures stand\n", command.front(),
                           ending(end.code));
  return kInfrastructureCode;
}

ScoringOptions scoring_options(const ScorerLimit& limit, const std::optional<Shard>& shard) {
  return {.time_limit = limit, .shard = shard, .cores = read_host().cores, .start = {}};
}

int finish(Scoring& scoring) try {
  scoring.finish();
  return 0;
} catch (const ScorerFailure& failure) {
  std::cerr << "sameseed: " << failure.what() << "\n";
  return kInfrastructureCode;
} catch (const UserError& failure) {  // scores.jsonl could not be written
  std::cerr << "sameseed: " << failure.what() << "\n";
  return kInfrastructureCode;
}

int score_run(const std::filesystem::path& run, const ScorerLimit& limit,
              const std::optional<Shard>& shard) {
  Scoring scoring(run, scoring_options(limit, shard));
  scoring.start();
  if (const std::string problem = scoring.problem(); !problem.empty()) {
    std::cerr << "sameseed: " << problem << "\n";
    return kInfrastructureCode;
  }
  scoring.take_records();
  return finish(scoring);
}

}  // namespace sameseed
