#include "reports/run/run_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/run/labels.h"
#include "reports/run/switch_proof.h"

namespace sameseed {
namespace {

template <typename Record>
const Record* find(const std::map<std::string, const Record*>& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : found->second;
}

}  // namespace

RunIndex::RunIndex(const RunFiles& files)
    : files_(files), metrics_(files.metrics.value_or(std::vector<ReportMetric>())) {
  for (const PlannedCase& entry : files.plan.cases) cases_[entry.id] = &entry;
  for (const PlannedEnvironment& entry : files.plan.environments) environments_[entry.id] = &entry;
  for (const WorkerRecord& worker : files.workers) workers_[worker.environment] = &worker;
  for (const PlannedSample& sample : files.plan.samples)
    if (sample.kind == "timing") ++planned_timing_[sample.comparison];
  for (const auto& [id, record] : files.samples) {
    if (record.kind == "quality")
      pictures_[record.case_id] = &record;
    else if (record.kind == "timing" && !record.comparison.empty())
      timing_[record.comparison].push_back(&record);
  }
  for (const PlannedComparison& comparison : files.plan.comparisons)
    if (comparison.against == "switches_off")
      for (const Pair& pair : comparison.pairs) off_[pair.candidate] = pair.reference;
  for (const PlannedComparison& comparison : files.plan.comparisons)
    if (comparison.against == "reference")
      reference_of_[comparison.setting] = case_of(comparison.pairs.front().reference)->environment;
  if (files.plan.floor)
    for (const PlannedFloorRow& planned : *files.plan.floor) {
      MadeFloorRow row{.planned = &planned,
                       .candidate = made_arm(planned.pairs.front().candidate),
                       .reference = made_arm(planned.pairs.front().reference),
                       .pairs = {}};
      for (const Pair& pair : planned.pairs) row.pairs.push_back(made_pair(pair));
      floor_.push_back(std::move(row));
    }
  for (const PlannedComparison& planned : files.plan.comparisons)
    comparisons_.push_back(made_comparison(planned));
  evidence_ = {.probes = off_probes(files.plan, files.workers), .requests = RequestIndex(files)};
}

MadePair RunIndex::made_pair(const Pair& pair) const {
  const auto off = off_.find(pair.candidate);
  MadePair made{.planned = pair,
                .candidate = find(pictures_, pair.candidate),
                .reference = find(pictures_, pair.reference),
                .switches_off = off == off_.end() ? nullptr : find(pictures_, off->second),
                .score_line = score_line(pair.candidate, pair.reference),
                .repeat = repeat_command(files_.folder, pair.candidate, pair.candidate + ".png")};
  if (pair.oracle.empty()) return made;
  const auto with_values = [](const PairScores* line) {
    return line && !line->refused ? line : nullptr;
  };
  made.candidate_to_oracle = with_values(score_line(pair.candidate, pair.oracle));
  made.reference_to_oracle = with_values(score_line(pair.reference, pair.oracle));
  return made;
}

MadeArm RunIndex::made_arm(const std::string& first_case) const {
  const PlannedCase* planned = case_of(first_case);
  return {.first_case = planned,
          .environment = environment(planned->environment),
          .worker = find(workers_, planned->environment)};
}

MadeComparison RunIndex::made_comparison(const PlannedComparison& planned) const {
  const Pair& first = planned.pairs.front();
  MadeComparison made{
      .planned = &planned,
      .label = {},
      .candidate = made_arm(first.candidate),
      .reference = made_arm(first.reference),
      .pairs = {},
      .timing = timing_records(planned.id),
      .floor_rows = floor_beside(first),
      .time_floor = time_floor_beside(planned.setting),
      .repeat = fmt::format("{} && {} && sameseed score-pair reference.png candidate.png",
                            repeat_command(files_.folder, first.reference, "reference.png"),
                            repeat_command(files_.folder, first.candidate, "candidate.png"))};
  for (const Pair& pair : planned.pairs) made.pairs.push_back(made_pair(pair));
  if (const auto timed = planned_timing_.find(planned.id); timed != planned_timing_.end())
    made.planned_timing = timed->second;
  made.label = setting_label(planned.setting);
  return made;
}

// Rows that share the reference's case, or that of the candidate's switches off, with a
// comparison whose first pair this is.
std::vector<std::size_t> RunIndex::floor_beside(const Pair& first) const {
  const auto off = off_.find(first.candidate);
  const std::string ours[] = {first.reference, off == off_.end() ? first.candidate : off->second};
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < floor_.size(); ++i) {
    const Pair& pair = floor_[i].planned->pairs.front();
    if (std::ranges::any_of(ours, [&](const std::string& case_id) {
          return pair.reference == case_id || pair.candidate == case_id;
        }))
      rows.push_back(i);
  }
  return rows;
}

std::string RunIndex::time_floor_beside(const Setting& setting) const {
  const auto reference = reference_of_.find(setting);
  if (reference == reference_of_.end()) return "";
  const auto row =
      std::ranges::find(plan().time_floor, reference->second, &PlannedTimeFloor::environment);
  return row == plan().time_floor.end() ? "" : row->id;
}

const PlannedCase* RunIndex::case_of(const std::string& id) const { return find(cases_, id); }

const PlannedEnvironment* RunIndex::environment(const std::string& id) const {
  return find(environments_, id);
}

const std::vector<const SampleRecord*>& RunIndex::timing_records(
    const std::string& comparison) const {
  static const std::vector<const SampleRecord*> none;
  const auto found = timing_.find(comparison);
  return found == timing_.end() ? none : found->second;
}

const PairScores* RunIndex::score_line(const std::string& candidate,
                                       const std::string& reference) const {
  const auto found = files_.scores.find({candidate, reference});
  return found == files_.scores.end() ? nullptr : &found->second;
}

std::optional<double> RunIndex::score(const std::string& candidate_case,
                                      const std::string& reference_case,
                                      const std::string& metric) const {
  const PairScores* line = score_line(candidate_case, reference_case);
  return line && !line->refused ? line->value(metric) : std::nullopt;
}

std::string repeat_command(const std::string& folder, const std::string& case_id,
                           const std::string& picture) {
  return fmt::format("sameseed image --case {} --out {}", quoted(folder + "/" + case_id), picture);
}

}  // namespace sameseed
