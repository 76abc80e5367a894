// The report of a run.
#pragma once

#include <filesystem>
#include <iosfwd>

namespace sameseed {

// Writes RUN/report.json and prints the table. Returns the verdict's exit code: 0, or 7 where a
// sample failed.
int report_run(const std::filesystem::path& run, std::ostream& terminal);

}  // namespace sameseed
