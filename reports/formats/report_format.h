// The formats of a report, siblings that know nothing of each other.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "reports/judge/verdict.h"
#include "reports/summary/summary.h"

namespace sameseed {

// One output format.
class Report {
 public:
  virtual ~Report() = default;
  virtual std::string file() const = 0;  // its name in the run's folder
  virtual void write(const Summary& summary, const Verdict& verdict, std::ostream& out) const = 0;
};

std::unique_ptr<Report> make_json_report();
std::unique_ptr<Report> make_text_report();       // the terminal's table
std::unique_ptr<Report> make_markdown_report();   // verdict, table, worst pairs
std::unique_ptr<Report> make_junit_report();      // a test case a comparison
std::unique_ptr<Report> make_benchmark_report();  // for google/benchmark's compare.py

// To look at in a browser, beside the run's pictures and plotly.min.js.
std::unique_ptr<Report> make_html_report();

std::vector<std::unique_ptr<Report>> all_reports();

}  // namespace sameseed
