// The one list of formats.
#include "reports/formats/report_format.h"

namespace sameseed {

std::vector<std::unique_ptr<Report>> all_reports() {
  std::vector<std::unique_ptr<Report>> all;
  for (const auto make : {make_json_report, make_text_report, make_markdown_report,
                          make_junit_report, make_benchmark_report, make_html_report})
    all.push_back(make());
  return all;
}

}  // namespace sameseed
