// The gates and the baseline by which a run is judged. `run` keeps them in the run's folder, as
// gates.json and baseline.json, so that `report` judges it again by the same; `gate` only if asked.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sameseed {

// The value of --baseline that means "look in the ledger" instead of naming a file.
inline constexpr const char* kAcceptedBaseline = "accepted";

// Empty: what the run's folder holds, if anything.
struct GateOptions {
  std::string gates;     // gate file
  std::string baseline;  // report.json of an accepted run, or kAcceptedBaseline
  std::string ledger;    // where that one is looked for; empty: the user's (ledger.h)
};

// Before any work is done: throws UserError for gates that a run of this plan could not be judged
// by.
void check_gates(const std::filesystem::path& run, const nlohmann::json& plan,
                 const GateOptions& options);

// Writes the gates, and the baseline where it is a file. Throws UserError for a bad file, with the
// folder untouched.
void keep_gates(const std::filesystem::path& run, const GateOptions& options);

// Where the ledger is asked for: writes to `file` the report accepted last among those of the run's
// recipe (plan.h) that every gate of `gates` with a baseline can compare with this run; where none
// fits, the last one, with which the verdict says what differs. After the run was made and scored,
// since what fits depends on the machine. Beside it the one accepted first of those that fit
// (first_baseline.json), for the drift since then. Throws UserError where no run of the recipe was
// accepted.
void write_accepted_baseline(const std::filesystem::path& run, const GateOptions& options,
                             const std::filesystem::path& gates, const std::filesystem::path& file);

// The same into the run's folder, by the gates kept there.
void keep_accepted_baseline(const std::filesystem::path& run, const GateOptions& options);

}  // namespace sameseed
