#include "reports/summary/summary.h"

#include "reports/run/cohort.h"
#include "reports/run/engagement.h"
#include "reports/run/run_index.h"
#include "reports/statistics/statistics.h"
#include "reports/summary/advice.h"
#include "reports/summary/comparison.h"
#include "reports/summary/effects.h"
#include "reports/summary/noise_floor.h"
#include "reports/summary/nonfinite.h"
#include "reports/summary/trace.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Every planned sample that did not come out, in the plan's order.
json failures(const RunFiles& files) {
  json list = json::array();
  for (const json& sample : files.plan.at("samples")) {
    const auto found = files.samples.find(sample.at("id"));
    const json record = found == files.samples.end() ? json::object() : found->second;
    const std::string outcome = record.value("outcome", "missing");
    if (outcome == "ok") continue;
    const std::string case_id = sample.at("case");
    list.push_back({{"sample", sample.at("id")},
                    {"case", case_id},
                    {"kind", outcome},
                    {"error", outcome == "missing" ? "never made" : record.value("error", "")},
                    {"log_tail", record.value("log_tail", json::array())},
                    {"repeat", repeat_command(files, case_id, case_id + ".png")}});
  }
  return list;
}

// Reason -> how many timing samples carry it: "throttled" and the like. A picture is the same on a
// slow device.
json invalid(const RunFiles& files) {
  json reasons = json::object();
  for (const auto& [id, record] : files.samples)
    for (const json& reason : record.value("invalid", json::array()))
      if (reason.is_string() && record.at("kind") == "timing")
        reasons[reason.get<std::string>()] = reasons.value(reason.get<std::string>(), 0) + 1;
  return reasons;
}

json run_entry(const RunFiles& files) {
  json run = files.starts.empty() ? json::object() : files.starts.back();
  run["starts"] = json::array();
  for (const json& start : files.starts) run["starts"].push_back(start.value("started", json()));
  return run;
}

}  // namespace

json make_summary(const RunFiles& files) {
  const RunIndex index(files);
  const NoiseFloor floor(index);
  json summary = {{"schema", "sameseed/report/1"},
                  {"name", files.plan.at("name")},
                  {"run", run_entry(files)},
                  {"cohort", cohort_of(files.plan, files.starts, files.workers, index.metrics())},
                  {"model", files.plan.at("model")},
                  {"axes", files.plan.at("axes")},
                  {"scored", files.scorer.has_value()},
                  {"metrics", index.metrics()},
                  {"intervals", interval_definition()},
                  {"noise_floor", floor.summary()},
                  {"excluded", files.plan.at("excluded")},
                  {"invalid", invalid(files)},
                  {"failures", failures(files)},
                  {"nonfinite", nonfinite_cases(index)},
                  {"comparisons", json::array()},
                  {"workers", json::object()}};
  for (const json& worker : files.workers)
    summary["workers"][worker.at("environment").get<std::string>()] = worker;
  for (const json& comparison : files.plan.at("comparisons")) {
    json entry = comparison_entry(comparison, index, floor);
    if (json trace = trace_of(comparison, index, floor); !trace.is_null())
      entry["trace"] = std::move(trace);
    summary["comparisons"].push_back(std::move(entry));
  }
  label_equal_values(summary["comparisons"], files.plan.at("axes"));
  summary["effects"] = effects_entry(summary.at("comparisons"), index);
  if (files.plan.contains("reasons"))
    summary["effects"]["advice"] = advice_entries(files.plan, summary.at("effects"));
  return summary;
}

}  // namespace sameseed
