#include "reports/summary/summary.h"

#include <algorithm>

#include "reports/run/cohort.h"
#include "reports/run/run_index.h"
#include "reports/summary/advice.h"
#include "reports/summary/equal_values.h"
#include "reports/summary/nonfinite.h"

namespace sameseed {
namespace {

// Every planned sample that did not come out, in the plan's order.
std::vector<Failure> failures_of(const RunFiles& files) {
  std::vector<Failure> list;
  for (const PlannedSample& sample : files.plan.samples) {
    const auto found = files.samples.find(sample.id);
    const bool missing = found == files.samples.end();
    if (!missing && found->second.ok()) continue;
    Failure failure{
        .sample = sample.id,
        .case_id = sample.case_id,
        .kind = missing ? "missing" : found->second.outcome,
        .error = missing ? "never made" : found->second.error,
        .log_tail = {},
        .repeat = repeat_command(files.folder, sample.case_id, sample.case_id + ".png")};
    if (!missing) failure.log_tail = found->second.log_tail;
    list.push_back(std::move(failure));
  }
  return list;
}

// A picture is the same on a slow device.
std::map<std::string, int> invalid_times(const RunFiles& files) {
  std::map<std::string, int> reasons;
  for (const auto& [id, record] : files.samples)
    if (record.kind == "timing")
      for (const std::string& reason : record.invalid) ++reasons[reason];
  return reasons;
}

// Of each model by itself.
std::vector<std::pair<std::string, Effects>> effects_by_model(const Summary& summary) {
  std::vector<std::pair<std::string, Effects>> list;
  const auto axis = std::ranges::find(summary.axes, std::string(kModelsAxis), &SweepAxis::name);
  if (axis == summary.axes.end()) return list;
  std::vector<SweepAxis> others = summary.axes;
  std::erase_if(others, [](const SweepAxis& one) { return one.name == kModelsAxis; });
  for (const AxisValue& model : axis->values) {
    std::vector<Comparison> own;
    for (const Comparison& comparison : summary.comparisons)
      if (comparison.setting.contains(kModelsAxis) && comparison.setting.at(kModelsAxis) == model)
        own.push_back(comparison);
    list.emplace_back(model.get<std::string>(), effects_of(own, others, summary.metrics));
  }
  return list;
}

std::map<std::string, nlohmann::json> workers_of(const RunFiles& files) {
  std::map<std::string, nlohmann::json> newest;
  for (const WorkerRecord& worker : files.workers) newest[worker.environment] = worker.record;
  return newest;
}

}  // namespace

const ReportMetric* Summary::metric(const std::string& metric_name) const {
  const auto found = std::ranges::find(metrics, metric_name, &ReportMetric::name);
  return found == metrics.end() ? nullptr : &*found;
}

Summary summarize_run(const RunIndex& run) {
  const RunFiles& files = run.files();
  Summary summary{.folder = files.folder,
                  .name = files.plan.name,
                  .model = files.plan.model,
                  .start = files.starts.empty() ? nlohmann::json::object() : files.starts.back(),
                  .started = start_times(files),
                  .axes = files.plan.axes,
                  .excluded = files.plan.excluded,
                  .scored = files.metrics.has_value(),
                  .metrics = run.metrics(),
                  .workers = workers_of(files),
                  .invalid = invalid_times(files),
                  .failures = failures_of(files),
                  .nonfinite = nonfinite_cases(run),
                  .cut_prompts = cut_prompts(files),
                  .lossy_pictures = lossy_pictures(files),
                  .repeated_pictures = repeated_pictures(run),
                  .comparisons = {},
                  .effects = {}};
  summary.cohort = cohort_of(files);
  summary.noise_floor.rows = floor_rows(run);
  summary.noise_floor.measured = !summary.noise_floor.rows.empty();
  summary.time_floor = time_floor_of(run);
  for (const MadeComparison& comparison : run.comparisons())
    summary.comparisons.push_back(
        comparison_of(comparison, run, summary.noise_floor.rows, summary.time_floor));
  label_equal_values(summary.comparisons, files.plan.axes);
  summary.effects = effects_of(summary.comparisons, summary.axes, summary.metrics);
  summary.effects_by_model = effects_by_model(summary);
  summary.sensitivity = sensitivity_of(run, summary.comparisons, summary.axes, summary.metrics,
                                       summary.effects.headline);
  for (const TimeFloorRow& row : summary.time_floor) {
    AgainstItself itself{.row = row.id};
    if (const TimingStatistics* total = row.speed.timing("total_ms")) {
      itself.blocks = total->blocks;
      itself.ratio = total->ratio;
    }
    summary.effects.time_floor.push_back(std::move(itself));
  }
  if (files.plan.claims) summary.claims = tested_claims(summary);
  if (!files.plan.reasons.empty()) summary.effects.advice = advice_of(files.plan, summary.effects);
  return summary;
}

}  // namespace sameseed
