#include "reports/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <sstream>

#include "io/error.h"
#include "io/files.h"
#include "reports/formats/html.h"
#include "reports/formats/report_format.h"
#include "reports/judge/accepted_report.h"
#include "reports/judge/verdict.h"
#include "reports/run/run_files.h"
#include "reports/summary/summary.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Gates that cannot be read are a cause of the verdict: a night's report is not lost for them.
json verdict_of(const json& summary, const std::filesystem::path& run) try {
  const std::filesystem::path file = run / "gates.json", baseline = run / "baseline.json";
  if (!std::filesystem::exists(file)) return verdict(summary, std::nullopt);
  const std::vector<Gate> gates = read_gates(file);
  const bool compared =
      std::ranges::any_of(gates, [](const Gate& gate) { return gate.baseline_margin.has_value(); });
  if (!compared || !std::filesystem::exists(baseline)) return verdict(summary, gates);
  const json accepted = read_accepted_report(baseline);
  return verdict(summary, gates, &accepted);
} catch (const UserError& error) {
  return verdict_without_gates(summary, error.what());
}

}  // namespace

int report_run(const std::filesystem::path& run, std::ostream& terminal,
               const ReportOptions& options) {
  const RunFiles files = read_run(run);
  json summary = make_summary(files);
  summary["verdict"] = verdict_of(summary, run);
  for (const auto& report : all_reports(files)) {
    std::ostringstream text;
    report->write(summary, text);
    write_file(run / report->file(), text.str());
  }
  write_chart_library(run);
  make_text_report()->write(summary, terminal);
  terminal << "report: " << (run / "report.json").string() << "\n"
           << "to look at: " << (run / "report.html").string() << "\n";
  if (options.embed_worst > 0) {
    const EmbeddedReport embedded = embedded_report(summary, files, options.embed_worst);
    write_file(run / "report-embedded.html", embedded.page);
    terminal << fmt::format("in one file: {} ({:.1f} MB): {}\n",
                            (run / "report-embedded.html").string(),
                            static_cast<double>(embedded.page.size()) / 1e6, embedded.note);
  }
  return summary.at("verdict").at("code").get<int>();
}

}  // namespace sameseed
