// The commands of the program. Each has a file of its own, which adds its options and says what it
// does.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace sameseed {

// The command line as the user gave it, the program's name first.
using CommandLine = std::vector<std::string>;

struct Command {
  const CLI::App* parser;  // true where the user named this command
  // Does it, once its options are read, and returns the exit code. Throws UserError for what the
  // user can put right.
  std::function<int(const CommandLine&)> action;
};

Command add_baseline(CLI::App& program);
Command add_check_engine(CLI::App& program);
Command add_compare(CLI::App& program);
Command add_doctor(CLI::App& program);
Command add_gate(CLI::App& program);
Command add_gates(CLI::App& program);
Command add_generate(CLI::App& program);
Command add_history(CLI::App& program);
Command add_image(CLI::App& program);
Command add_merge(CLI::App& program);
Command add_plan(CLI::App& program);
Command add_recommend(CLI::App& program);
Command add_report(CLI::App& program);
Command add_run(CLI::App& program);
Command add_score(CLI::App& program);
Command add_score_pair(CLI::App& program);
Command add_seeded_model(CLI::App& program);
Command add_tokenize(CLI::App& program);

}  // namespace sameseed
