// The report of an accepted run, as gates judge by it.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "reports/judge/gate.h"
#include "reports/summary/summary.h"

namespace sameseed {

// Throws UserError, which names `where` (a file), for a text that is no report.json of this
// version.
Summary parse_accepted_report(const std::string& text, const std::string& where);
Summary read_accepted_report(const std::filesystem::path& file);

// The baseline that was accepted first: what quality has moved since is held against it. Its file
// is {"accepted": ISO 8601, "report": its report.json}.
struct FirstBaseline {
  std::string accepted;
  Summary report;
};
// Where it is written with a baseline that the ledger gives.
std::filesystem::path first_baseline_beside(const std::filesystem::path& baseline);
std::string first_baseline_text(const std::string& accepted, const std::string& report);
// Throws as read_accepted_report() does.
FirstBaseline read_first_baseline(const std::filesystem::path& file);

// Whether the accepted report is of this run itself: of one of its starts.
bool is_same_run(const Summary& ours, const Summary& accepted);

// Why the gate cannot compare a run of this cohort with an accepted one of that: another recipe,
// another model, engine, variable or (on a CPU) number of threads, another definition of the
// metric; for timings also another machine. Not another version or driver: these are what one wants
// to judge. Empty where it can.
std::string incomparable(const Gate& gate, const nlohmann::json& cohort,
                         const nlohmann::json& accepted_cohort);

}  // namespace sameseed
