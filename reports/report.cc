#include "reports/report.h"

#include <ostream>

#include "io/files.h"
#include "reports/json_report.h"
#include "reports/record.h"
#include "reports/terminal_report.h"

namespace sameseed {

int report_run(const std::filesystem::path& run, std::ostream& terminal) {
  const nlohmann::json report = make_report(read_run(run));
  write_file(run / "report.json", report.dump(1) + "\n");
  print_report(report, terminal);
  terminal << "report: " << (run / "report.json").string() << "\n";
  return report.at("verdict").at("code").get<int>();
}

}  // namespace sameseed
