#include "bench/commands/generate.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "bench/commands/options.h"
#include "bench/plan/plan_file.h"
#include "bench/sweep/run_lock.h"
#include "bench/system/interrupt.h"
#include "reports/run/labels.h"

namespace sameseed {
namespace {

struct GenerateCommand {
  std::string run;
  GenerateArguments arguments;
};

int generate_missing(const std::filesystem::path& run, const GenerateOptions& options) {
  check_format(read_plan(run), run);  // before a folder is made
  const RunLock lock(run);
  const GenerateResult made = generate(run, options);
  if (is_unfinished(made)) return explain_unfinished(made, run, options.command);
  return code_of_failures(made, run);
}

}  // namespace

void add_generate_options(CLI::App& command, GenerateArguments& arguments) {
  command.add_option("--slots", arguments.slots,
                     "shares of the CPU that work side by side, each with its own workers");
  command.add_option(
      "--devices", arguments.devices,
      "GPUs to use, one slot each: 0,1, counted as nvidia-smi counts them, or UUIDs; "
      "or cpu (default: the first GPU, where there is one)");
  command.add_option("--shard", arguments.shard, "I/N: only this part of the plan, for `merge`");
  command
      .add_option(
          "--time-limit", arguments.time_limit,
          "seconds after which a worker, or the scorer, counts as hung (default: learnt from its "
          "earlier samples, at least 60)")
      ->check(CLI::PositiveNumber);
  command.add_flag("--quiet", arguments.quiet, "no progress");
  command.add_flag("--verbose", arguments.verbose, "a line a sample")->excludes("--quiet");
}

GenerateOptions generate_options(const GenerateArguments& arguments, const CommandLine& line) {
  GenerateOptions options{.command = line, .devices = arguments.devices, .slots = arguments.slots};
  if (arguments.quiet) options.verbosity = Verbosity::kQuiet;
  if (arguments.verbose) options.verbosity = Verbosity::kVerbose;
  if (!arguments.shard.empty()) options.shard = parse_shard(arguments.shard);
  if (arguments.time_limit > 0) options.time_limit = from_seconds(arguments.time_limit);
  return options;
}

bool is_unfinished(const GenerateResult& made) { return made.interrupted || !made.stopped.empty(); }

int explain_unfinished(const GenerateResult& made, const std::filesystem::path& run,
                       const CommandLine& line) {
  if (!made.stopped.empty())
    std::cerr << fmt::format("sameseed: stopped: {}\n", one_line(made.stopped));
  else
    std::cerr << fmt::format("sameseed: {}: stopped as asked\n", run.string());
  if (made.content_changed) return kInvalidEnvironmentCode;
  std::string again = "sameseed";
  for (std::size_t i = 1; i < line.size(); ++i) again += " " + quoted(line[i]);
  std::cerr << "sameseed: nothing is lost; the same command goes on from here: " << again << "\n";
  return made.stopped.empty() ? kInterruptedCode : kInfrastructureCode;
}

int code_of_failures(const GenerateResult& made, const std::filesystem::path& run) {
  if (made.failed == 0) return 0;
  std::cerr << fmt::format("sameseed: {} failed; `sameseed report {}` says which and why\n",
                           made.failed == 1 ? "1 sample" : fmt::format("{} samples", made.failed),
                           quoted(run.string()));
  return kInfrastructureCode;
}

Command add_generate(CLI::App& program) {
  CLI::App* parser =
      program.add_subcommand("generate", "make the samples of RUN/plan.json that are missing");
  const auto command = std::make_shared<GenerateCommand>();
  add_run_folder(*parser, command->run);
  add_generate_options(*parser, command->arguments);
  return {parser, [command](const CommandLine& line) {
            return generate_missing(command->run, generate_options(command->arguments, line));
          }};
}

}  // namespace sameseed
