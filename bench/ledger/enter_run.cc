#include "bench/ledger/enter_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>
#include <vector>

#include "io/error.h"
#include "io/files.h"
#include "reports/history/report_numbers.h"
#include "reports/run/labels.h"
#include "reports/run/run_files.h"

namespace sameseed {

using nlohmann::json;

json read_report(const std::string& folder) {
  const std::filesystem::path file = std::filesystem::path(folder) / "report.json";
  if (!std::filesystem::exists(file))
    throw UserError(
        fmt::format("{}: not there; `sameseed report {}` writes it", file.string(), folder));
  json report = read_json(file);
  if (!report.is_object() || report.value("schema", json()) != "sameseed/report/2")
    throw UserError(
        fmt::format("{}: field `schema` must be \"sameseed/report/2\"; write it anew "
                    "with `sameseed report {}`",
                    file.string(), folder));
  return report;
}

namespace {

// The start that was first, in whatever order the shards of a run were joined.
const json& first_start(const std::vector<json>& starts) {
  return *std::ranges::min_element(starts, {}, [](const json& start) {
    return std::pair(start.value("started", ""), start.value("start", ""));
  });
}

}  // namespace

std::string enter_run(Ledger& ledger, const std::string& folder, std::ostream& out) {
  const RunFiles files = read_run(folder);
  for (const std::string& text : files.passed_over) out << "warning: " << one_line(text) << "\n";
  const json report = read_report(folder);
  if (files.starts.empty())
    throw UserError(fmt::format("{}: was never started: its records.jsonl holds no start", folder));
  const SeriesRun run = series_run(report, first_start(files.starts),
                                   std::filesystem::absolute(folder).lexically_normal().string());
  const std::vector<SeriesRow> rows = series_rows(report);
  ledger.add(run, rows);
  out << fmt::format("{}: {} numbers of {} comparisons, cohort {}; {} runs in the ledger\n", folder,
                     rows.size(), report.at("comparisons").size(), run.cohort.substr(0, 12),
                     ledger.runs());
  return run.key;
}

}  // namespace sameseed
