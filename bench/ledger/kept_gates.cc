#include "bench/ledger/kept_gates.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "bench/ledger/ledger.h"
#include "bench/plan/plan.h"
#include "bench/plan/plan_file.h"
#include "io/error.h"
#include "io/files.h"
#include "reports/judge/accepted_report.h"
#include "reports/judge/gate.h"
#include "reports/run/cohort.h"
#include "reports/run/labels.h"
#include "reports/run/run_files.h"

namespace sameseed {
namespace {

using nlohmann::json;

bool is_in_ledger(const GateOptions& options) { return options.baseline == kAcceptedBaseline; }

// What the accepted runs of a matrix of this name are, where none has the recipe; empty: there are
// none.
std::string others_text(const Ledger& ledger, const std::string& name) {
  std::size_t others = 0, older = 0;
  for (const Ledger::Accepted& one : ledger.baselines()) {
    if (one.run.name != name) continue;
    ++others;
    older += is_older_recipe(one.run.recipe);
  }
  if (others == 0) return "";
  return fmt::format(" Accepted runs of the matrix {}: {}, all of other recipes.{}", quoted(name),
                     others,
                     older == 0 ? ""
                                : fmt::format(" {} of them are of an older version, whose recipes "
                                              "do not say what stands in which arm: make such a "
                                              "run anew with this version, then accept it.",
                                              older));
}

// The last accepted first; at least one.
std::vector<std::string> accepted_reports(const GateOptions& options, const json& plan,
                                          const std::string& recipe) {
  const std::filesystem::path file = ledger_file(options.ledger);
  const Ledger ledger(file, Ledger::Use::kRead);
  std::vector<std::string> reports = ledger.accepted_reports(recipe);
  if (reports.empty())
    throw UserError(fmt::format(
        "{}: no run of this recipe (matrix, prompts, seeds, steps, and what stands in which arm) "
        "was accepted; `sameseed baseline accept RUN` does that, and --baseline takes a "
        "report.json as well.{}",
        file.string(), others_text(ledger, plan.value("name", ""))));
  return reports;
}

}  // namespace

void check_gates(const std::filesystem::path& run, const json& plan, const GateOptions& options) {
  const bool baseline = !options.baseline.empty() || std::filesystem::exists(run / "baseline.json");
  if (is_in_ledger(options))
    accepted_reports(options, plan, recipe_of(plan));
  else if (!options.baseline.empty())
    read_accepted_report(options.baseline);
  if (options.gates.empty()) return;
  for (const Gate& gate : read_gates(options.gates)) {
    if (gate.floor && !plan.contains("floor"))
      throw UserError(fmt::format("{}: {}: no noise floor is measured; ask for it with --floor",
                                  options.gates, gate_label(gate)));
    if (gate.baseline_margin && !baseline)
      throw UserError(fmt::format(
          "{}: {}: name an accepted run's report with --baseline REPORT.json, or the one of the "
          "ledger with --baseline {}",
          options.gates, gate_label(gate), kAcceptedBaseline));
  }
}

void keep_gates(const std::filesystem::path& run, const GateOptions& options) {
  const bool is_file = !options.baseline.empty() && !is_in_ledger(options);
  // What is kept is what was checked: each file is read once.
  const std::string gates = options.gates.empty() ? "" : read_file(options.gates),
                    baseline = is_file ? read_file(options.baseline) : "";
  if (!options.gates.empty()) parse_gates(gates, options.gates);
  if (is_file) parse_accepted_report(baseline, options.baseline);
  if (!options.gates.empty()) write_file(run / "gates.json", gates);
  if (!is_file) return;
  write_file(run / "baseline.json", baseline);
  std::filesystem::remove(first_baseline_beside(run / "baseline.json"));  // of another one
}

void write_accepted_baseline(const std::filesystem::path& run, const GateOptions& options,
                             const std::filesystem::path& gate_file,
                             const std::filesystem::path& file) {
  if (!is_in_ledger(options)) return;
  const RunFiles files = read_run(run);
  const json cohort = cohort_of(files);  // all that is compared of the run itself
  const std::vector<Gate> gates =
      std::filesystem::exists(gate_file) ? read_gates(gate_file) : std::vector<Gate>();
  const auto fits = [&](const std::string& text) {
    const Summary accepted = parse_accepted_report(text, ledger_file(options.ledger).string());
    return std::ranges::all_of(gates, [&](const Gate& gate) {
      return !gate.baseline_margin || incomparable(gate, cohort, accepted.cohort).empty();
    });
  };
  const json plan = read_plan(run);
  // A run of an older version has the recipe that it was made with.
  const std::string recipe = cohort.value("recipe", recipe_of(plan));
  const std::vector<std::string> reports = accepted_reports(options, plan, recipe);
  // A run that was accepted itself is held against the one before it.
  const Summary ours{.start = files.starts.empty() ? json::object() : files.starts.back(),
                     .started = start_times(files),
                     .cohort = cohort};
  const auto is_another_run = [&](const std::string& text) {
    return !is_same_run(ours, parse_accepted_report(text, ledger_file(options.ledger).string()));
  };
  const auto fitting = std::ranges::find_if(
      reports, [&](const std::string& text) { return fits(text) && is_another_run(text); });
  write_file(file, fitting == reports.end() ? reports.front() : *fitting);
  const auto firsts =
      Ledger(ledger_file(options.ledger), Ledger::Use::kRead).first_accepted(recipe);
  const auto first = std::ranges::find_if(firsts, fits, &Ledger::FirstAccepted::report);
  if (first != firsts.end())
    write_file(first_baseline_beside(file), first_baseline_text(first->at, first->report));
  else
    std::filesystem::remove(first_baseline_beside(file));
}

void keep_accepted_baseline(const std::filesystem::path& run, const GateOptions& options) {
  write_accepted_baseline(run, options, run / "gates.json", run / "baseline.json");
}

}  // namespace sameseed
