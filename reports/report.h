// The report of a run, in all its formats.
#pragma once

#include <cstddef>
#include <filesystem>
#include <iosfwd>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "reports/record.h"

namespace sameseed {

// One output format. `summary` is what summary.h makes, with its verdict.
class Report {
 public:
  virtual ~Report() = default;
  virtual std::string file() const = 0;  // its name in the run's folder
  virtual void write(const nlohmann::json& summary, std::ostream& out) const = 0;
};

std::unique_ptr<Report> make_json_report();
std::unique_ptr<Report> make_text_report();       // the terminal's table
std::unique_ptr<Report> make_markdown_report();   // verdict, table, worst pairs
std::unique_ptr<Report> make_junit_report();      // a test case a comparison
std::unique_ptr<Report> make_benchmark_report();  // for google/benchmark's compare.py

// To look at in a browser, beside the run's pictures and plotly.min.js; `files` must outlive it.
std::unique_ptr<Report> make_html_report(const RunFiles& files);

std::vector<std::unique_ptr<Report>> all_reports(const RunFiles& files);  // likewise

struct ReportOptions {
  std::size_t embed_worst = 0;  // report-embedded.html holds the pictures of so many pairs; 0: none
};

// Writes every format into the run's folder and prints the table. Judges by RUN/gates.json where it
// is there, and by the accepted report in RUN/baseline.json where a gate asks for it. Returns the
// verdict's exit code (verdict.h).
int report_run(const std::filesystem::path& run, std::ostream& terminal,
               const ReportOptions& options = {});

}  // namespace sameseed
