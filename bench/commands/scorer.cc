#include "bench/commands/scorer.h"

#include "bench/system/programs.h"

namespace sameseed {

int run_scorer(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), program("sameseed-scorer").string());
  arguments.insert(arguments.end(), {"--weights", data("metrics/weights").string()});
  return run_program(arguments);
}

int score_run(const std::filesystem::path& run) { return run_scorer({"run", run.string()}); }

}  // namespace sameseed
