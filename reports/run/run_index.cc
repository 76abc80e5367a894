#include "reports/run/run_index.h"

#include <fmt/format.h>

#include "reports/run/labels.h"

namespace sameseed {

RunIndex::RunIndex(const RunFiles& files)
    : files_(files), probes_(off_probes(files.plan, files.workers)) {
  for (const PlannedCase& entry : files.plan.cases) cases_[entry.id] = &entry;
  for (const PlannedEnvironment& entry : files.plan.environments) environments_[entry.id] = &entry;
  for (const WorkerRecord& worker : files.workers) workers_[worker.environment] = &worker;
  for (const PlannedSample& sample : files.plan.samples)
    if (sample.kind == "timing") ++planned_[sample.comparison];
  for (const auto& [id, record] : files.samples) {
    if (record.kind == "quality")
      quality_[record.case_id] = &record;
    else if (record.kind == "timing" && !record.comparison.empty())
      timing_[record.comparison].push_back(&record);
  }
  for (const PlannedComparison& comparison : files.plan.comparisons)
    if (comparison.against == "switches_off")
      for (const Pair& pair : comparison.pairs) off_[pair.candidate] = pair.reference;
}

const std::vector<ReportMetric>& RunIndex::metrics() const {
  static const std::vector<ReportMetric> none;
  return files_.metrics ? *files_.metrics : none;
}

std::size_t RunIndex::planned_timing(const std::string& comparison) const {
  const auto found = planned_.find(comparison);
  return found == planned_.end() ? 0 : found->second;
}

const std::vector<const SampleRecord*>& RunIndex::timing_records(
    const std::string& comparison) const {
  static const std::vector<const SampleRecord*> none;
  const auto found = timing_.find(comparison);
  return found == timing_.end() ? none : found->second;
}

const PairScores* RunIndex::score_line(const Pair& pair) const {
  const auto found = files_.scores.find({pair.candidate, pair.reference});
  return found == files_.scores.end() ? nullptr : &found->second;
}

const PairScores* RunIndex::scores(const Pair& pair) const {
  const PairScores* line = score_line(pair);
  return line && !line->refused ? line : nullptr;
}

std::optional<double> RunIndex::score(const std::string& candidate_case,
                                      const std::string& reference_case,
                                      const std::string& metric) const {
  const auto found = files_.scores.find({candidate_case, reference_case});
  if (found == files_.scores.end() || found->second.refused) return std::nullopt;
  return found->second.value(metric);
}

std::string RunIndex::switches_off(const std::string& candidate_case) const {
  const auto found = off_.find(candidate_case);
  return found == off_.end() ? "" : found->second;
}

std::string repeat_command(const std::string& folder, const std::string& case_id,
                           const std::string& picture) {
  return fmt::format("sameseed image --case {} --out {}", quoted(folder + "/" + case_id), picture);
}

}  // namespace sameseed
