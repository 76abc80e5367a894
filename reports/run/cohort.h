// What must be equal for two runs to be comparable.
#pragma once

#include <nlohmann/json.hpp>

#include "reports/run/run_files.h"

namespace sameseed {

// A document of its own, kept as JSON: {hash, differs, ...}, the last start's cohort (matrix, host,
// version), `workers` (versions and files of each engine and its load options, folders left out),
// `metrics` (definitions of those that could be computed), and the SHA-256 over all of it.
// `differs` names the fields in which the starts of the run, or workers of one engine, disagree;
// such a run has a hash like no other's.
nlohmann::json cohort_of(const RunFiles& files);

}  // namespace sameseed
