// The formats of a report, siblings that know nothing of each other.
#pragma once

#include <iosfwd>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "reports/run/run_files.h"

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

}  // namespace sameseed
