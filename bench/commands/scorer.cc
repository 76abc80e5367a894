#include "bench/commands/scorer.h"

#include <fmt/format.h>
#include <string.h>

#include <iostream>

#include "bench/commands/generate.h"
#include "bench/system/programs.h"

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

}  // namespace

int run_scorer(std::vector<std::string> arguments) {
  const std::vector<std::string> command = scorer_command(std::move(arguments));
  const int code = run_program(command);
  if (code == 0 || code == 1) return code;
  std::cerr << fmt::format("sameseed: the scorer {} {}; the pictures stand\n", command.front(),
                           ending(code));
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

int score_run(const std::filesystem::path& run) {
  return run_scorer({"run", run.string()}) == 0 ? 0 : kInfrastructureCode;
}

}  // namespace sameseed
