// What a run measured and no gate asks about.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reports/judge/verdict.h"
#include "reports/summary/summary.h"

namespace sameseed {

struct UncoveredSetting {
  std::string comparison, label;  // id, and of the setting for people
  bool operator==(const UncoveredSetting&) const = default;
};

struct Coverage {
  std::vector<UncoveredSetting> settings;  // against the reference, of whose pictures no gate asks
  std::size_t of = 0;                      // settings in all, less the unsupported
  std::vector<std::string> metrics;        // names of those that no gate names
  bool times = false;                      // some were measured and no gate names one
};

// Pure. Nothing where there are no gates.
Coverage uncovered(const Summary& summary, const Verdict& verdict);

// "no gate judges the pictures of 2 of 12 settings: ..."; a line each for settings, metrics and
// times.
std::vector<std::string> told(const Coverage& coverage);

// The verdict with one more cause, of code 5, where no gate judges a setting's pictures, or there
// are no gates.
Verdict with_coverage_required(Verdict verdict, const Summary& summary);

}  // namespace sameseed
