#include "reports/summary/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "reports/run/labels.h"
#include "reports/run/run_index.h"
#include "reports/summary/noise_floor.h"

namespace sameseed {
namespace {

constexpr std::pair<const char*, std::string Pair::*> kSides[] = {{"candidate", &Pair::candidate},
                                                                  {"reference", &Pair::reference}};

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
Arm arm_of(const std::string& case_id, const RunIndex& run) {
  const PlannedCase& first = *run.case_of(case_id);
  const PlannedEnvironment& environment = *run.environment(first.environment);
  Arm arm{.engine = environment.engine, .environment = environment.id, .axes = {}};
  for (const SweepAxis& axis : run.plan().axes) {
    const std::string bare = without_arm(axis.name);
    arm.axes[bare] = axis_value(first, environment, bare);
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

Status status_of(const PlannedComparison& planned, const RunIndex& run) {
  Status status;
  for (const Pair& pair : planned.pairs)
    for (const auto& [name, side] : kSides) status.take(run.quality_record(pair.*side));
  const auto& timed = run.timing_records(planned.id);
  for (const SampleRecord* record : timed) status.take(record);
  if (timed.size() < run.planned_timing(planned.id)) status.take(nullptr);
  return status;
}

bool both_made(const Pair& pair, const RunIndex& run) {
  return std::ranges::all_of(kSides, [&](const auto& side) {
    const SampleRecord* record = run.quality_record(pair.*side.second);
    return record && record->ok();
  });
}

// Candidate case -> why its pair has no scores, though both pictures are there.
std::map<std::string, std::string> refusals(const std::vector<Pair>& pairs, const RunIndex& run) {
  std::map<std::string, std::string> refused;
  if (!run.files().metrics) return refused;
  for (const Pair& pair : pairs) {
    if (!both_made(pair, run)) continue;
    const PairScores* line = run.score_line(pair);
    if (!line)
      refused[pair.candidate] = "the pair was not scored; run `sameseed score` again";
    else if (line->refused)
      refused[pair.candidate] = *line->refused;
  }
  return refused;
}

// The scores of one metric; adds to `refused` where a pair's is not a number.
Quality quality_of(const ReportMetric& metric, const std::vector<Pair>& pairs, const RunIndex& run,
                   std::map<std::string, std::string>& refused) {
  if (!metric.available()) return {.statistics = {}, .unit = {}, .unavailable = metric.unavailable};
  std::vector<Scored> values;
  std::string absent;
  for (const Pair& pair : pairs) {
    const PairScores* scores = run.scores(pair);
    if (!scores) continue;
    if (!scores->values.contains(metric.name)) {
      if (const auto why = scores->absent.find(metric.name); why != scores->absent.end())
        absent = why->second;
      continue;
    }
    if (const auto value = scores->value(metric.name))
      values.push_back({*value, pair.candidate, pair.prompt});
    else
      refused[pair.candidate] = metric.name + " is not a number";
  }
  Quality quality{.statistics = {}, .unit = metric.unit, .better = metric.better};
  if (values.empty()) quality.unavailable = absent;
  quality.statistics = summarize(std::move(values), metric);
  return quality;
}

// Pictures that are none, each once.
std::vector<BrokenPicture> broken_pictures(const std::vector<Pair>& pairs, const RunIndex& run) {
  std::vector<BrokenPicture> list;
  for (const Pair& pair : pairs)
    if (const PairScores* scores = run.scores(pair))
      for (const auto& [name, side] : kSides) {
        const auto ways = scores->broken.find(name);
        if (ways == scores->broken.end() || ways->second.empty()) continue;
        BrokenPicture picture{.case_id = pair.*side, .side = name, .ways = ways->second};
        if (std::ranges::find(list, picture) == list.end()) list.push_back(std::move(picture));
      }
  return list;
}

// Of the means over the pairs; places are those of the pair that looks worst.
std::optional<Damage> damage_over(const std::vector<Pair>& pairs, const Comparison& comparison,
                                  const RunIndex& run) {
  DamageEvidence means;
  for (const auto& [name, quality] : comparison.quality)
    if (quality.statistics.n() > 0) means.values[name] = quality.statistics.mean.value;
  for (const BrokenPicture& picture : comparison.broken) means.broken[picture.side] = picture.ways;
  const Quality* flip = comparison.metric("flip.mean");
  for (const Pair& pair : pairs)
    if (const PairScores* scores = run.scores(pair);
        scores && flip && pair.candidate == flip->statistics.worst_case)
      means.places = scores->places;
  return damage_of(means);
}

// Only the axes that are this arm's own: a variable that the other arm names is unset here.
ArmEvidence evidence_of(const std::string& name, const Arm& arm, const Setting& setting,
                        const RunIndex& run) {
  ArmEvidence evidence{.name = name, .engine = arm.engine, .asked = {}, .samples = {}};
  const std::string side = name == "reference" ? "reference." : "candidate.";
  for (const auto& [axis, value] : setting) {
    const std::string bare = without_arm(axis);
    if (axis.starts_with(side) || axis.starts_with("both."))
      evidence.asked[bare] = arm.axes.at(bare);
  }
  const WorkerRecord* worker = run.newest_worker(arm.environment);
  if (worker && !worker->load.is_null()) evidence.load = &worker->load;
  return evidence;
}

std::map<std::string, Engagement> engagement_over(const PlannedComparison& planned,
                                                  const Comparison& comparison,
                                                  const RunIndex& run) {
  const std::string other = comparison.is_against_reference() ? "reference" : "switches_off";
  ArmEvidence candidate = evidence_of("candidate", comparison.candidate, planned.setting, run),
              reference = evidence_of(other, comparison.reference, planned.setting, run);
  const auto take = [](ArmEvidence& arm, const SampleRecord* record) {
    if (record && record->ok()) arm.samples.push_back(record);
  };
  for (const Pair& pair : planned.pairs) {
    take(candidate, run.quality_record(pair.candidate));
    take(reference, run.quality_record(pair.reference));
  }
  for (const SampleRecord* record : run.timing_records(planned.id))
    take(record->arm == "candidate" ? candidate : reference, record);
  std::map<std::string, Engagement> proofs = engagement_of(candidate, run.probes());
  proofs.merge(engagement_of(reference, run.probes()));
  return proofs;
}

// Named, and no condition, since another way of computing may give equal bits.
std::optional<ChangedOutput> changed_output(const std::vector<Pair>& pairs, const RunIndex& run) {
  ChangedOutput changed;
  const auto latents = [&](const std::string& case_id) {
    const SampleRecord* record = run.quality_record(case_id);
    return record ? record->latents : std::string();
  };
  for (const Pair& pair : pairs) {
    const std::string candidate = latents(pair.candidate),
                      off = latents(run.switches_off(pair.candidate));
    if (candidate.empty() || off.empty()) continue;
    ++changed.pairs;
    changed.latents_differ += candidate != off;
  }
  if (changed.pairs == 0) return std::nullopt;
  return changed;
}

// Makes both pictures of the first pair and scores them.
std::string repeat_comparison(const Pair& pair, const std::string& folder) {
  return fmt::format("{} && {} && sameseed score-pair reference.png candidate.png",
                     repeat_command(folder, pair.reference, "reference.png"),
                     repeat_command(folder, pair.candidate, "candidate.png"));
}

}  // namespace

const Quality* Comparison::metric(const std::string& name) const {
  const auto found = quality.find(name);
  return found == quality.end() ? nullptr : &found->second;
}

Comparison comparison_of(const PlannedComparison& planned, const RunIndex& run,
                         const NoiseFloor& floor) {
  const std::vector<Pair>& pairs = planned.pairs;
  Comparison comparison{.id = planned.id,
                        .setting = planned.setting,
                        .label = setting_label(planned.setting),
                        .against = planned.against,
                        .candidate = arm_of(pairs.front().candidate, run),
                        .reference = arm_of(pairs.front().reference, run),
                        .refused = refusals(pairs, run)};
  for (const ReportMetric& metric : run.metrics())
    comparison.quality.emplace(metric.name, quality_of(metric, pairs, run, comparison.refused));
  floor.set_beside(planned, comparison.quality);
  comparison.oracle = oracle_of(planned, run);
  comparison.broken = broken_pictures(pairs, run);
  comparison.damage = damage_over(pairs, comparison, run);
  comparison.speed = speed_of(run.timing_records(planned.id));
  const Status status = status_of(planned, run);
  const bool is_refused = status.status == "ok" && !comparison.refused.empty();
  comparison.status = is_refused ? "refused" : status.status;
  comparison.reason = is_refused ? comparison.refused.begin()->second : status.reason;
  comparison.engagement = engagement_over(planned, comparison, run);
  comparison.changed_output = changed_output(pairs, run);
  comparison.pairs = scored_pairs(pairs, run);
  comparison.trace = trace_of(planned, run, floor);
  comparison.repeat = repeat_comparison(pairs.front(), run.files().folder);
  return comparison;
}

}  // namespace sameseed
