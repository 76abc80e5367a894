// `sameseed baseline`: runs that were accepted as good.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "bench/ledger/enter_run.h"
#include "bench/ledger/ledger.h"
#include "io/error.h"
#include "io/files.h"
#include "reports/run/cohort.h"
#include "reports/run/labels.h"

namespace sameseed {
namespace {

using nlohmann::json;

struct BaselineCommand {
  std::string run;     // folder, of `accept` and `revoke`
  std::string ledger;  // file; empty: the user's (ledger.h)
};

// A run that failed a gate may be accepted as the new normal; one with an invalid environment, with
// failed samples or with a switch that did not act may not.
void refuse_no_baseline(const std::string& folder) {
  const json report = read_report(folder);
  const int code = report.at("verdict").at("code");
  if (code == 1 || code >= 6)
    throw UserError(fmt::format(
        "{}: its verdict is {} ({}), and such a run is no baseline; `sameseed report {}` says why",
        folder, report.at("verdict").at("word").get<std::string>(), code, folder));
  // Whatever the last verdict was about: by gates of quality it says nothing of times.
  if (const json& invalid = report.at("invalid"); !invalid.empty())
    throw UserError(fmt::format(
        "{}: times of an invalid environment ({}), and such a run is no baseline; `sameseed run` "
        "takes those times again",
        folder, invalid.begin().key()));
  if (const json& differs = report.at("cohort").at("differs"); !differs.empty())
    throw UserError(
        fmt::format("{}: its starts or workers disagree in {}: of what would it be a "
                    "baseline?",
                    folder, differs.dump()));
  if (report.at("cohort").value("variables", json()) == kNotRecorded)
    throw UserError(fmt::format(
        "{}: a run of an older version, which does not say of which model and variables it was "
        "made, is no baseline; make the run anew",
        folder));
}

// A ledger of an older version has them. They judge nothing: no run of this version has their
// recipe.
bool is_of_older_format(const SeriesRun& run) {
  return is_older_recipe(run.recipe) || run.recipe.find(':') == std::string::npos;
}

int accept_baseline(const BaselineCommand& command, std::ostream& out) {
  Ledger ledger(ledger_file(command.ledger), Ledger::Use::kWrite);
  refuse_no_baseline(command.run);
  const std::filesystem::path report = std::filesystem::path(command.run) / "report.json";
  ledger.accept(enter_run(ledger, command.run, out), read_file(report));
  out << fmt::format(
      "{}: accepted as a baseline: for runs of its recipe, model and engines, whatever their "
      "driver "
      "and version; times only on the same devices\n",
      command.run);
  return 0;
}

int list_baselines(const BaselineCommand& command, std::ostream& out) {
  const Ledger ledger(ledger_file(command.ledger), Ledger::Use::kRead);
  const auto all = ledger.baselines();
  if (all.empty())
    out << "no run is accepted; `sameseed baseline accept RUN` makes one a baseline\n";
  std::string cohort;
  for (const auto& [run, accepted, revoked] : all) {
    if (run.cohort != cohort)
      out << fmt::format("{} on {}{}, cohort {}\n", one_line(run.name), one_line(run.machine),
                         run.driver.empty() ? "" : ", driver " + one_line(run.driver),
                         run.cohort.substr(0, 12));
    cohort = run.cohort;
    out << fmt::format(
        "  {}  accepted {}  verdict {}  {}{}\n", one_line(run.started), accepted, run.code,
        one_line(run.folder),
        is_of_older_format(run) ? "  (of an older format: no baseline for new runs)" : "");
  }
  return 0;
}

// By the folder's name alone: it may be gone.
int revoke_baseline(const BaselineCommand& command, std::ostream& out) {
  Ledger ledger(ledger_file(command.ledger), Ledger::Use::kWrite);
  const std::string folder = std::filesystem::absolute(command.run).lexically_normal().string();
  const auto all = ledger.baselines_of(folder);
  if (all.empty())
    throw UserError(fmt::format(
        "{}: is no accepted run's folder; `sameseed baseline list` names them", command.run));
  ledger.revoke(all.front().run.key);
  out << fmt::format(
      "{}: the run started {} (cohort {}) is no baseline any more; it was accepted {}\n",
      command.run, one_line(all.front().run.started), all.front().run.cohort.substr(0, 12),
      all.front().at);
  std::string others;
  for (std::size_t i = 1; i < all.size(); ++i)
    others += (others.empty() ? "" : ", ") + one_line(all[i].run.started);
  if (!others.empty())
    out << fmt::format("runs of this folder that are baselines still, by their start: {}\n",
                       others);
  return 0;
}

int show_log(const BaselineCommand& command, std::ostream& out) {
  const Ledger ledger(ledger_file(command.ledger), Ledger::Use::kRead);
  for (const auto& [run, at, revoked] : ledger.acceptances())
    out << fmt::format("{}  {:<8}  {}, cohort {}  {}\n", at, revoked ? "revoked" : "accepted",
                       one_line(run.name), run.cohort.substr(0, 12), one_line(run.folder));
  return 0;
}

}  // namespace

Command add_baseline(CLI::App& program) {
  CLI::App* parser = program.add_subcommand("baseline", "runs that were accepted as good");
  const auto command = std::make_shared<BaselineCommand>();
  parser->require_subcommand(1);
  parser->fallthrough();
  parser->add_option("--ledger", command->ledger, kLedgerHelp);
  CLI::App* accept = parser->add_subcommand(
      "accept", "take a run in as the newest baseline of its recipe, also one accepted before");
  CLI::App* revoke = parser->add_subcommand("revoke",
                                            "the run last accepted of this folder is no baseline "
                                            "any more; the one before it counts again");
  parser->add_subcommand("list", "the accepted runs, by cohort, the newest last");
  CLI::App* log = parser->add_subcommand("log", "what was accepted and revoked, and when");
  for (CLI::App* one : {accept, revoke}) add_run_folder(*one, command->run);
  return {parser, [command, accept, revoke, log](const CommandLine&) {
            if (*accept) return accept_baseline(*command, std::cout);
            if (*revoke) return revoke_baseline(*command, std::cout);
            if (*log) return show_log(*command, std::cout);
            return list_baselines(*command, std::cout);
          }};
}

}  // namespace sameseed
