// `sameseed doctor`: what this machine has, and what stands in the way of valid timings.
#include "bench/check/doctor.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "bench/commands/command.h"

namespace sameseed {

Command add_doctor(CLI::App& program) {
  CLI::App* parser = program.add_subcommand(
      "doctor",
      "what this machine has, which switches can act on it, and what stands in the way of valid "
      "timings\n\n"
      "  sameseed doctor && sameseed run nightly.json --gates gates.json\n\n"
      "It judges the devices that `run` takes of itself: CUDA_VISIBLE_DEVICES=1 sameseed doctor "
      "judges the second GPU. Exit codes: 0 times taken here and now would be valid, 6 something "
      "stands in the way, 1 usage or internal error.");
  const auto as_json = std::make_shared<bool>(false);
  parser->add_flag("--json", *as_json, "for machines");
  return {parser, [as_json](const CommandLine&) { return doctor(*as_json, std::cout); }};
}

}  // namespace sameseed
