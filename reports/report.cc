#include "reports/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <ostream>
#include <utility>

#include "io/error.h"
#include "io/files.h"
#include "reports/formats/html.h"
#include "reports/formats/report_format.h"
#include "reports/judge/accepted_report.h"
#include "reports/judge/coverage.h"
#include "reports/judge/verdict.h"
#include "reports/run/labels.h"
#include "reports/run/run_files.h"
#include "reports/run/run_index.h"
#include "reports/summary/summary.h"

namespace sameseed {
namespace {

// Gates that cannot be read are a cause of the verdict: a night's report is not lost for them.
Verdict verdict_by_files(const Summary& summary, const std::filesystem::path& run,
                         const ReportOptions& options) try {
  const std::filesystem::path file = options.gates.empty() ? run / "gates.json" : options.gates,
                              baseline = options.baseline.empty() ? run / "baseline.json"
                                                                  : options.baseline;
  if (!std::filesystem::exists(file)) return verdict_of(summary, std::nullopt);
  const std::vector<Gate> gates = read_gates(file);
  const bool compared =
      std::ranges::any_of(gates, [](const Gate& gate) { return gate.baseline_margin.has_value(); });
  std::optional<Summary> accepted;
  std::optional<FirstBaseline> first;
  if (compared && std::filesystem::exists(baseline)) accepted = read_accepted_report(baseline);
  const std::filesystem::path of_first =
      options.baseline.empty() ? first_baseline_beside(baseline) : options.first_baseline;
  if (std::filesystem::exists(of_first)) first = read_first_baseline(of_first);
  return verdict_of(summary, gates, accepted ? &*accepted : nullptr, first ? &*first : nullptr);
} catch (const UserError& error) {
  return verdict_without_gates(summary, error.what());
}

}  // namespace

int report_run(const std::filesystem::path& run, std::ostream& terminal,
               const ReportOptions& options) {
  const Summary summary = [&] {
    const RunFiles files = read_run(run);  // let go of before the report is written
    for (const std::string& text : files.passed_over)
      terminal << "warning: " << one_line(text) << "\n";
    return summarize_run(RunIndex(files));
  }();
  Verdict verdict = verdict_by_files(summary, run, options);
  if (options.require_coverage) verdict = with_coverage_required(std::move(verdict), summary);
  for (const auto& report : all_reports()) {
    write_file(run / report->file(),
               [&](std::ostream& out) { report->write(summary, verdict, out); });
  }
  write_chart_library(run);
  make_text_report()->write(summary, verdict, terminal);
  terminal << "report: " << (run / "report.json").string() << "\n"
           << "to look at: " << (run / "report.html").string() << "\n";
  if (options.embed_worst > 0) {
    const EmbeddedReport embedded = embedded_report(summary, verdict, options.embed_worst);
    write_file(run / "report-embedded.html", embedded.page);
    terminal << fmt::format("in one file: {} ({:.1f} MB): {}\n",
                            (run / "report-embedded.html").string(),
                            static_cast<double>(embedded.page.size()) / 1e6, embedded.note);
  }
  return verdict.code;
}

}  // namespace sameseed
