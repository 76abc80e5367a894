// The report of a run, in all its formats.
#pragma once

#include <cstddef>
#include <filesystem>
#include <iosfwd>

namespace sameseed {

struct ReportOptions {
  std::size_t embed_worst = 0;  // report-embedded.html holds the pictures of so many pairs; 0: none
};

// Writes every format into the run's folder and prints the table. Judges by RUN/gates.json where it
// is there, and by the accepted report in RUN/baseline.json where a gate asks for it. Returns the
// verdict's exit code (verdict.h).
int report_run(const std::filesystem::path& run, std::ostream& terminal,
               const ReportOptions& options = {});

}  // namespace sameseed
