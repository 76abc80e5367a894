// The report of a run, in all its formats.
#pragma once

#include <cstddef>
#include <filesystem>
#include <iosfwd>

namespace sameseed {

struct ReportOptions {
  std::size_t embed_worst = 0;  // report-embedded.html holds the pictures of so many pairs; 0: none
  bool require_coverage = false;  // a setting that no gate judges is inconclusive (5)
  // Judge by these instead of the run's own; empty: by RUN/gates.json and RUN/baseline.json.
  std::filesystem::path gates = {}, baseline = {};
  // With `baseline` the one accepted first (accepted_report.h); without it the run's own, if any.
  std::filesystem::path first_baseline = {};
};

// Writes every format into the run's folder and prints the table. Judges by the gate file
// where it is there, and by the accepted report where a gate asks for it. Returns the
// verdict's exit code (verdict.h).
int report_run(const std::filesystem::path& run, std::ostream& terminal,
               const ReportOptions& options = {});

}  // namespace sameseed
