#include "bench/commands/scorer.h"

#include <fmt/format.h>
#include <string.h>

#include <iostream>

#include "bench/commands/generate.h"
#include "bench/system/programs.h"
#include "bench/worker/watched_program.h"

namespace sameseed {
namespace {

using namespace std::chrono_literals;

constexpr auto kTimeForSelfTest = 120s;  // it reads the networks of LPIPS, perhaps from a slow disk

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

std::string problem_of_scorer() {
  const std::vector<std::string> command = scorer_command({"self-test"});
  CapturedOutput captured = capture_output(command, clean_environment(), kTimeForSelfTest);
  if (captured.code == 0) return "";
  while (captured.output.ends_with('\n')) captured.output.pop_back();
  return fmt::format("the scorer {} {}{}", command.front(), ending(captured.code),
                     captured.output.empty() ? "" : ": " + captured.output);
}

int score_run(const std::filesystem::path& run, const ScorerLimit& limit) {
  return run_scorer({"run", run.string()}, limit) == 0 ? 0 : kInfrastructureCode;
}

}  // namespace sameseed
