// `sameseed check-engine`: whether a program can be used as an engine.
#include "bench/check/check_engine.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "bench/commands/command.h"
#include "bench/commands/options.h"

namespace sameseed {
namespace {

struct CheckEngineCommand {
  CheckOptions options;
  double time_limit = 0;  // seconds; 0: the default
};

int check_engine(const CheckEngineCommand& command) {
  CheckOptions options = command.options;
  if (command.time_limit > 0) options.limit = from_seconds(command.time_limit);
  options.model = model_folder(options.model);
  return check_engine(options, std::cout);
}

}  // namespace

Command add_check_engine(CLI::App& program) {
  CLI::App* parser =
      program.add_subcommand("check-engine",
                             "say line by line whether a program can be used as an engine\n\n"
                             "  sameseed check-engine \"python3 my_engine.py --fast\"\n\n"
                             "Exit codes: 0 it keeps the protocol, 1 it does not.");
  const auto command = std::make_shared<CheckEngineCommand>();
  CheckOptions& options = command->options;
  parser
      ->add_option("command", options.engine,
                   "a command in one word, as a matrix has it, or reference, accelerated, null")
      ->required();
  parser->add_option("--model", options.model,
                     "SDXL folder to load (default: the embedded nano-sdxl)");
  parser->add_option("--size", options.size, "WIDTHxHEIGHT in pixels")->capture_default_str();
  parser->add_option("--steps", options.steps, "sampler steps")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  parser
      ->add_option("--time-limit", command->time_limit,
                   "seconds after which an answer is too late (default: half an hour)")
      ->check(CLI::PositiveNumber);
  return {parser, [command](const CommandLine&) { return check_engine(*command); }};
}

}  // namespace sameseed
