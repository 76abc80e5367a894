#include "reports/summary/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "reports/run/run_index.h"
#include "reports/summary/noise_floor.h"
#include "reports/summary/time_floor.h"

namespace sameseed {
namespace {

// "env.X" -> the value that a case runs with; null where it leaves the axis alone.
AxisValue axis_value(const PlannedCase& of, const PlannedEnvironment& environment,
                     const std::string& axis) {
  const auto [kind, name] = kind_and_name(axis);
  if (kind == "env") {
    const auto found = environment.variables.find(name);
    return found == environment.variables.end() ? AxisValue() : found->second;
  }
  return (kind == "load" ? environment.load : of.request).value(name, AxisValue());
}

// As the arm's first case has it.
Arm arm_of(const MadeArm& made, const std::vector<SweepAxis>& axes) {
  const PlannedEnvironment& environment = *made.environment;
  Arm arm{.engine = environment.engine, .environment = environment.id, .axes = {}};
  for (const SweepAxis& axis : axes) {
    const std::string bare = without_arm(axis.name);
    arm.axes[bare] = axis_value(*made.first_case, environment, bare);
  }
  return arm;
}

// Worst first: what became of a sample, as the status of its comparison.
int badness(const std::string& status) {
  const char* const order[] = {"failed", "missing", "unsupported", "ok"};
  return static_cast<int>(std::find(std::begin(order), std::end(order), status) -
                          std::begin(order));
}

struct Status {
  std::string status = "ok", reason;

  // `record` is null where a sample was never made.
  void take(const SampleRecord* record) {
    const std::string outcome = record ? record->outcome : "missing";
    const std::string other =
        outcome == "ok" || outcome == "unsupported" || outcome == "missing" ? outcome : "failed";
    if (badness(other) >= badness(status)) return;
    status = other;
    reason = !record ? "a sample was never made" : fmt::format("{}: {}", outcome, record->error);
  }
};

Status status_of(const MadeComparison& made) {
  Status status;
  for (const MadePair& pair : made.pairs) {
    status.take(pair.candidate);
    status.take(pair.reference);
  }
  for (const SampleRecord* record : made.timing) status.take(record);
  if (made.timing.size() < made.planned_timing) status.take(nullptr);
  return status;
}

// Candidate case -> why its pair has no scores, though both pictures are there.
std::map<std::string, std::string> refusals(const std::vector<MadePair>& pairs) {
  const auto is_made = [](const SampleRecord* record) { return record && record->ok(); };
  std::map<std::string, std::string> refused;
  for (const MadePair& pair : pairs) {
    if (!is_made(pair.candidate) || !is_made(pair.reference)) continue;
    if (!pair.score_line)
      refused[pair.planned.candidate] = "the pair was not scored; run `sameseed score` again";
    else if (pair.score_line->refused)
      refused[pair.planned.candidate] = *pair.score_line->refused;
  }
  return refused;
}

// The scores of one metric; adds to `refused` where a pair's is not a number.
Quality quality_of(const ReportMetric& metric, const std::vector<MadePair>& pairs,
                   std::map<std::string, std::string>& refused) {
  if (!metric.available()) return {.statistics = {}, .unit = {}, .unavailable = metric.unavailable};
  std::vector<Scored> values;
  std::string absent;
  for (const MadePair& pair : pairs) {
    const PairScores* scores = pair.scores();
    if (!scores) continue;
    if (!scores->values.contains(metric.name)) {
      if (const auto why = scores->absent.find(metric.name); why != scores->absent.end())
        absent = why->second;
      continue;
    }
    if (const auto value = scores->value(metric.name))
      values.push_back({*value, pair.planned.candidate, pair.planned.observation()});
    else
      refused[pair.planned.candidate] = metric.name + " is not a number";
  }
  Quality quality{.statistics = {}, .unit = metric.unit, .better = metric.better};
  if (values.empty()) quality.unavailable = absent;
  quality.statistics = summarize(std::move(values), metric);
  return quality;
}

// Pictures that are none, each once.
std::vector<BrokenPicture> broken_pictures(const std::vector<MadePair>& pairs) {
  std::vector<BrokenPicture> list;
  for (const MadePair& pair : pairs)
    if (const PairScores* scores = pair.scores())
      for (const auto& [name, case_id] : {std::pair("candidate", &pair.planned.candidate),
                                          std::pair("reference", &pair.planned.reference)}) {
        const auto ways = scores->broken.find(name);
        if (ways == scores->broken.end() || ways->second.empty()) continue;
        BrokenPicture picture{.case_id = *case_id, .side = name, .ways = ways->second};
        if (std::ranges::find(list, picture) == list.end()) list.push_back(std::move(picture));
      }
  return list;
}

std::optional<Damage> damage_over(const std::vector<MadePair>& pairs) {
  std::vector<DamageEvidence> scored;
  std::set<std::pair<std::string, std::string>> known;
  for (const MadePair& pair : pairs) {
    const PairScores* scores = pair.scores();
    if (!scores) continue;
    // Pictures that are equal to the byte in both arms count once.
    if (pair.candidate && pair.reference && !pair.candidate->picture.empty() &&
        !known.emplace(pair.candidate->picture, pair.reference->picture).second)
      continue;
    scored.push_back(
        {.values = scores->values, .places = scores->places, .broken = scores->broken});
  }
  return damage_of(scored);
}

// Only the axes that are this arm's own: a variable that the other arm names is unset here.
ArmEvidence evidence_of(const std::string& name, const Arm& arm, const Setting& setting,
                        const WorkerRecord* worker) {
  ArmEvidence evidence{.name = name, .engine = arm.engine, .asked = {}, .samples = {}};
  const std::string side = name == "reference" ? "reference." : "candidate.";
  for (const auto& [axis, value] : setting) {
    const std::string bare = without_arm(axis);
    if (axis.starts_with(side) || axis.starts_with("both."))
      evidence.asked[bare] = arm.axes.at(bare);
  }
  if (worker && !worker->load.is_null()) evidence.load = &worker->load;
  return evidence;
}

std::map<std::string, Engagement> engagement_over(const MadeComparison& made,
                                                  const Comparison& comparison,
                                                  const RunEvidence& run) {
  const std::string other = comparison.is_against_reference() ? "reference" : "switches_off";
  ArmEvidence candidate = evidence_of("candidate", comparison.candidate, comparison.setting,
                                      made.candidate.worker),
              reference = evidence_of(other, comparison.reference, comparison.setting,
                                      made.reference.worker);
  const auto take = [](ArmEvidence& arm, const SampleRecord* record) {
    if (record && record->ok()) arm.samples.push_back(record);
  };
  for (const MadePair& pair : made.pairs) {
    take(candidate, pair.candidate);
    take(reference, pair.reference);
  }
  for (const SampleRecord* record : made.timing)
    take(record->arm == "candidate" ? candidate : reference, record);
  std::map<std::string, Engagement> proofs = engagement_of(candidate, run);
  proofs.merge(engagement_of(reference, run));
  return proofs;
}

// A switch that acts on the text encoders as well makes another prompt of the same words: how far
// it goes stands beside its proof, so that nobody takes all of the picture's change for the UNet's.
void tell_share_of_text(Comparison& comparison) {
  const Quality* embeds = comparison.metric("prompt_embeds.relative_l2");
  if (comparison.is_against_reference() || !embeds || embeds->statistics.n() == 0) return;
  for (auto& [axis, proof] : comparison.engagement)
    if (axis.starts_with("candidate.") && proof.verdict == kEngaged && proof.means == "on" &&
        std::ranges::find(proof.networks, "text") != proof.networks.end())
      proof.evidence += fmt::format(
          "; the text encoders' share: prompt embeddings {:.1e} apart from switches "
          "off (relative L2, mean)",
          *embeds->statistics.named("mean"));
}

// Named, and no condition, since another way of computing may give equal bits.
std::optional<ChangedOutput> changed_output(const std::vector<MadePair>& pairs) {
  ChangedOutput changed;
  for (const MadePair& pair : pairs) {
    if (!pair.candidate || !pair.switches_off) continue;
    const std::string &candidate = pair.candidate->latents, &off = pair.switches_off->latents;
    if (candidate.empty() || off.empty()) continue;
    ++changed.pairs;
    changed.latents_differ += candidate != off;
  }
  if (changed.pairs == 0) return std::nullopt;
  return changed;
}

}  // namespace

const Quality* Comparison::metric(const std::string& name) const {
  const auto found = quality.find(name);
  return found == quality.end() ? nullptr : &found->second;
}

Comparison comparison_of(const MadeComparison& made, const RunIndex& run,
                         const std::vector<FloorRow>& floor,
                         const std::vector<TimeFloorRow>& time_floor) {
  const PlannedComparison& planned = *made.planned;
  const std::vector<ReportMetric>& metrics = run.metrics();
  Comparison comparison{.id = planned.id,
                        .setting = planned.setting,
                        .label = made.label,
                        .against = planned.against,
                        .candidate = arm_of(made.candidate, run.plan().axes),
                        .reference = arm_of(made.reference, run.plan().axes),
                        .broken = broken_pictures(made.pairs),
                        .changed_output = changed_output(made.pairs),
                        .repeat = made.repeat};
  if (run.files().metrics) comparison.refused = refusals(made.pairs);
  const Status status = status_of(made);
  for (const ReportMetric& metric : metrics)
    comparison.quality.emplace(metric.name, quality_of(metric, made.pairs, comparison.refused));
  const bool is_refused = status.status == "ok" && !comparison.refused.empty();
  comparison.status = is_refused ? "refused" : status.status;
  comparison.reason = is_refused ? comparison.refused.begin()->second : status.reason;
  set_floors_beside(made, floor, metrics, comparison.quality);
  comparison.damage = damage_over(made.pairs);
  comparison.engagement = engagement_over(made, comparison, run.evidence());
  tell_share_of_text(comparison);
  comparison.speed = speed_of(made.timing);
  for (const TimeFloorRow& row : time_floor)
    if (row.id == made.time_floor) set_time_floor_beside(row, comparison.speed);
  comparison.pairs = scored_pairs(made.pairs);
  comparison.oracle = oracle_of(comparison.pairs, metrics);
  comparison.setting_class = class_of(comparison, floor, metrics);
  comparison.trace = trace_of(made, run.floor());
  return comparison;
}

}  // namespace sameseed
