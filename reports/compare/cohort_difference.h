// Whether two runs may be compared: in what their cohorts differ, and whether that was meant.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "reports/run/run_index.h"

namespace sameseed {

// What comes along where a field is varied, and cannot be held still.
struct Implication {
  const char *varied, *implied, *because;
};
std::span<const Implication> implications();

struct CohortDifference {
  std::string field;         // "devices.0.driver"
  nlohmann::json a, b;       // null: that run has no such field
  std::string allowed = {};  // "varied", or why it comes along; empty: it may not differ
};

// The cohort of a run as report.json has it (cohort.h), and `algorithms`: OPERATION -> the library
// algorithms that its comparisons' workers took. No two runs need agree in the latter, but what
// differs in it explains other times and other pictures.
nlohmann::json comparable_cohort(const RunIndex& run);

// Every field in which two such cohorts differ. A field of `varied` stands for all fields whose
// dotted name holds it as whole words: "driver" for "devices.0.driver", "host" for all of the host.
// What comes along with one may differ only where that one itself does. A version that one run's
// workers do not tell counts as none that was varied. Throws UserError for a field that neither
// cohort has.
std::vector<CohortDifference> cohort_differences(const nlohmann::json& a, const nlohmann::json& b,
                                                 const std::vector<std::string>& varied);

// Those of `varied` in which the cohorts are not shown to differ.
std::vector<std::string> not_varied(const std::vector<CohortDifference>& differences,
                                    const std::vector<std::string>& varied);

// Why two runs with these fields of not_varied() are no pair, and what would do; `cohort` is either
// run's.
std::string not_varied_text(const nlohmann::json& cohort, const std::vector<std::string>& fields);

}  // namespace sameseed
