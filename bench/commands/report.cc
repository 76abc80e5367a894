// `sameseed report`: a run's report in all its formats.
#include "reports/report.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <iostream>
#include <memory>

#include "bench/commands/command.h"
#include "bench/commands/gate.h"
#include "bench/commands/options.h"
#include "bench/plan/plan_file.h"
#include "bench/sweep/run_lock.h"

namespace sameseed {
namespace {

struct ReportCommand {
  std::string run;
  ReportOptions options;
  bool exit_code = false;  // exit with the verdict's
};

// Leaves N of worst=N.
std::string embedded_pairs(std::string& text) {
  const std::string name = "worst=";
  const std::string count = text.starts_with(name) ? text.substr(name.size()) : "";
  int value = 0;
  const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), value);
  if (error != std::errc() || end != count.data() + count.size() || value < 1)
    return "must be worst=N with N from 1 up, such as worst=20, not " + text;
  text = count;
  return "";
}

int report(const ReportCommand& command) {
  const std::filesystem::path run = command.run;
  check_plan(run);  // before a folder is made
  const RunLock lock(run);
  const int code = report_run(run, std::cout, command.options);
  return command.exit_code ? code : 0;
}

}  // namespace

Command add_report(CLI::App& program) {
  CLI::App* parser = program.add_subcommand(
      "report", "write RUN/report.json, report.html and the other formats, and print the table");
  const auto command = std::make_shared<ReportCommand>();
  parser
      ->add_option("--embed", command->options.embed_worst,
                   "worst=N: also write report-embedded.html, one file of at most 50 MB that holds "
                   "the pictures of the N worst pairs")
      ->transform(CLI::Validator(embedded_pairs, "worst=N"));
  add_require_coverage(*parser, command->options.require_coverage);
  parser->add_flag("--exit-code", command->exit_code,
                   "exit with the verdict's code (else 0, once the report is written)");
  add_run_folder(*parser, command->run);
  return {parser, [command](const CommandLine&) { return report(*command); }};
}

}  // namespace sameseed
