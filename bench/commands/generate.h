// `sameseed generate`, and what `sameseed run` takes of it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "bench/commands/command.h"
#include "bench/sweep/generate.h"

namespace sameseed {

constexpr int kInvalidEnvironmentCode = 6, kInfrastructureCode = 7;

// As the command line has them.
struct GenerateArguments {
  std::optional<int> slots;
  std::string devices, shard;
  double time_limit = 0;  // seconds; 0: learnt
  bool quiet = false, verbose = false;
};
void add_generate_options(CLI::App& command, GenerateArguments& arguments);

// Throws UserError for a shard that is none.
GenerateOptions generate_options(const GenerateArguments& arguments, const CommandLine& line);

bool is_unfinished(const GenerateResult& made);

// Says why a run did not come to its end; the exit code then.
int explain_unfinished(const GenerateResult& made, const std::filesystem::path& run,
                       const CommandLine& line);

// Says, with --quiet too, how many samples failed; the exit code of pictures that are made and not
// judged here.
int code_of_failures(const GenerateResult& made, const std::filesystem::path& run);

}  // namespace sameseed
