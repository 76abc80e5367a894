// `sameseed seeded-model`: a random model of SDXL base's shapes.
#include "bench/seeded_model/seeded_model.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <thread>

#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "bench/system/interrupt.h"
#include "bench/system/programs.h"

namespace sameseed {
namespace {

struct SeededModelCommand {
  std::string out, variant;
  std::uint64_t seed = 0;
};

int make_seeded_model(const SeededModelCommand& command) {
  struct Stopped {};
  const Interrupt interrupt;
  const bool shows_progress = ::isatty(STDERR_FILENO) != 0;
  std::uint64_t size = 0;
  try {
    write_seeded_model({.description = data("bench/seeded_model"),
                        .tokenizers = data("reference/nano-sdxl"),
                        .seed = command.seed,
                        .variant = command.variant},
                       command.out, std::max(1u, std::thread::hardware_concurrency()),
                       [&](std::uint64_t done, std::uint64_t all) {
                         if (interrupt.asked()) throw Stopped();
                         size = all;
                         if (shows_progress)
                           std::cerr << fmt::format("\rsameseed: {:.2f} of {:.2f} GB",
                                                    1e-9 * static_cast<double>(done),
                                                    1e-9 * static_cast<double>(all));
                       });
  } catch (const Stopped&) {
    std::cerr << fmt::format("{}sameseed: {}: stopped as asked; nothing was kept\n",
                             shows_progress ? "\n" : "", command.out);
    return kInterruptedCode;
  }
  std::cerr << fmt::format("{}sameseed: {}: {:.2f} GB of weights, seed {}\n",
                           shows_progress ? "\r" : "", command.out,
                           1e-9 * static_cast<double>(size), command.seed);
  return 0;
}

}  // namespace

Command add_seeded_model(CLI::App& program) {
  CLI::App* parser = program.add_subcommand(
      "seeded-model",
      "write a random model of SDXL base's shapes (6.9 GB), for loading, memory and speed");
  const auto command = std::make_shared<SeededModelCommand>();
  parser->add_option("out", command->out, "folder to make")->required();
  CLI::Option* seed = parser->add_option("--seed", command->seed, "equal seeds give equal files");
  check_seed(*seed);
  seed->capture_default_str();
  parser->add_option("--variant", command->variant, "fp16 writes *.fp16.safetensors");
  return {parser, [command](const CommandLine&) { return make_seeded_model(*command); }};
}

}  // namespace sameseed
