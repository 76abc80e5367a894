#include "reports/summary/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "reports/run/labels.h"
#include "reports/run/pair_entry.h"
#include "reports/statistics/statistics.h"
#include "reports/summary/damage.h"
#include "reports/summary/oracle.h"
#include "reports/summary/speed.h"

namespace sameseed {
namespace {

using nlohmann::json;

// "env.X" -> the value that a case runs with; null where it leaves the axis alone.
json axis_value(const json& one_case, const json& environment, const std::string& axis) {
  const std::string kind = axis.substr(0, axis.find('.')), name = axis.substr(axis.find('.') + 1);
  const json& holder = kind == "env"    ? environment.at("variables")
                       : kind == "load" ? environment.at("load")
                                        : one_case.at("request");
  return holder.value(name, json());
}

// Engine, environment and the values of all the matrix's axes, as the arm's first case has them.
json arm_entry(const std::string& case_id, const RunIndex& run) {
  const json& one = *run.case_of(case_id);
  const json& environment = *run.environment(one.at("environment"));
  json axes = json::object();
  for (const json& axis : run.files().plan.at("axes")) {
    const std::string name = axis.at("name");
    const std::string bare = name.substr(name.find('.') + 1);
    axes[bare] = axis_value(one, environment, bare);
  }
  return {
      {"engine", environment.at("engine")}, {"environment", environment.at("id")}, {"axes", axes}};
}

// Worst first: what became of a sample, as the status of its comparison.
int badness(const std::string& status) {
  const char* const order[] = {"failed", "missing", "unsupported", "ok"};
  return static_cast<int>(std::find(std::begin(order), std::end(order), status) -
                          std::begin(order));
}

struct Status {
  std::string status = "ok", reason;

  void take(const json* record) {
    const std::string outcome = record ? record->at("outcome").get<std::string>() : "missing";
    const std::string other =
        outcome == "ok" || outcome == "unsupported" || outcome == "missing" ? outcome : "failed";
    if (badness(other) >= badness(status)) return;
    status = other;
    reason = !record ? "a sample was never made"
                     : fmt::format("{}: {}", outcome, record->value("error", ""));
  }
};

Status status_of(const json& comparison, const RunIndex& run) {
  Status status;
  for (const json& pair : comparison.at("pairs"))
    for (const char* side : {"candidate", "reference"})
      status.take(run.quality_record(pair.at(side)));
  const auto& timed = run.timing_records(comparison.at("id"));
  for (const json* record : timed) status.take(record);
  if (timed.size() < run.planned_timing(comparison.at("id"))) status.take(nullptr);
  return status;
}

bool both_made(const json& pair, const RunIndex& run) {
  for (const char* side : {"candidate", "reference"}) {
    const json* record = run.quality_record(pair.at(side));
    if (!record || record->at("outcome") != "ok") return false;
  }
  return true;
}

// Candidate case -> why its pair has no scores, though both pictures are there.
json refusals(const json& pairs, const RunIndex& run) {
  json refused = json::object();
  if (!run.files().scorer) return refused;
  for (const json& pair : pairs) {
    const std::string candidate = pair.at("candidate");
    if (!both_made(pair, run)) continue;
    const auto found = run.files().scores.find({candidate, pair.at("reference")});
    if (found == run.files().scores.end())
      refused[candidate] = "the pair was not scored; run `sameseed score` again";
    else if (found->second.contains("refused"))
      refused[candidate] = found->second.at("refused");
  }
  return refused;
}

json quality(const json& pairs, const RunIndex& run, json& refused) {
  json result = json::object();
  for (const json& metric : run.metrics()) {
    const std::string name = metric.at("name");
    if (metric.contains("unavailable")) {
      result[name] = {{"n", 0}, {"unavailable", metric.at("unavailable")}};
      continue;
    }
    std::vector<Scored> scores;
    json absent;
    for (const json& pair : pairs) {
      const std::string candidate = pair.at("candidate");
      const json* score = run.scores(pair.at("candidate"), pair.at("reference"));
      if (!score) continue;
      if (!score->value("values", json::object()).contains(name)) {
        absent = score->value("absent", json::object()).value(name, absent);
        continue;
      }
      if (const auto value = run.score(candidate, pair.at("reference"), name))
        scores.push_back({*value, candidate});
      else
        refused[candidate] = name + " is not a number";
    }
    if (scores.empty() && absent.is_string()) {
      result[name] = {{"n", 0}, {"unavailable", absent}};
      continue;
    }
    result[name] = summarize(std::move(scores), scale_of(metric));
    result[name]["unit"] = metric.at("unit");
    result[name]["better"] = metric.at("better");
    result[name]["noise_floor"] = nullptr;
  }
  return result;
}

// Pictures that are none: {case, side, ways}, each once.
json broken(const json& pairs, const RunIndex& run) {
  json list = json::array();
  for (const json& pair : pairs)
    if (const json* score = run.scores(pair.at("candidate"), pair.at("reference")))
      for (const char* side : {"candidate", "reference"}) {
        const json ways = score->value("broken", json::object()).value(side, json::array());
        const json one = {{"case", pair.at(side)}, {"side", side}, {"ways", ways}};
        if (!ways.empty() && std::find(list.begin(), list.end(), one) == list.end())
          list.push_back(one);
      }
  return list;
}

// Of the means over the pairs; places are those of the pair that looks worst.
json damage(const json& pairs, const json& quality, const json& broken, const RunIndex& run) {
  json means = {{"values", json::object()}, {"broken", json::object()}};
  for (const auto& [name, statistics] : quality.items())
    if (statistics.contains("mean")) means["values"][name] = statistics.at("mean");
  for (const json& one : broken)
    means["broken"][one.at("side").get<std::string>()] = one.at("ways");
  const json worst = quality.value("flip.mean", json::object()).value("worst_case", json());
  for (const json& pair : pairs)
    if (const json* score = run.scores(pair.at("candidate"), pair.at("reference"));
        score && pair.at("candidate") == worst)
      means["places"] = score->value("places", json::object());
  return damage_of(means);
}

// Only the axes that are this arm's own: a variable that the other arm names is unset here.
ArmEvidence evidence_of(const std::string& name, const json& arm, const json& setting,
                        const RunIndex& run) {
  ArmEvidence evidence{.name = name, .engine = arm.at("engine"), .asked = json::object()};
  const std::string side = name == "reference" ? "reference." : "candidate.";
  for (const auto& [axis, value] : setting.items()) {
    const std::string bare = axis.substr(axis.find('.') + 1);
    if (axis.starts_with(side) || axis.starts_with("both."))
      evidence.asked[bare] = arm.at("axes").at(bare);
  }
  const json* worker = run.newest_worker(arm.at("environment"));
  if (worker && worker->contains("load")) evidence.load = &worker->at("load");
  return evidence;
}

json engagement(const json& comparison, const json& arms, const RunIndex& run) {
  const std::string other = comparison.at("kind") == "reference" ? "reference" : "switches_off";
  const json& setting = comparison.at("setting");
  ArmEvidence evidence[] = {evidence_of("candidate", arms.at("candidate"), setting, run),
                            evidence_of(other, arms.at("reference"), setting, run)};
  const auto take = [](ArmEvidence& arm, const json* record) {
    if (record && record->at("outcome") == "ok") arm.samples.push_back(record);
  };
  for (const json& pair : comparison.at("pairs")) {
    take(evidence[0], run.quality_record(pair.at("candidate")));
    take(evidence[1], run.quality_record(pair.at("reference")));
  }
  for (const json* record : run.timing_records(comparison.at("id")))
    take(evidence[record->value("arm", "") == "candidate" ? 0 : 1], record);
  json result = engagement_of(evidence[0], run.probes());
  result.update(engagement_of(evidence[1], run.probes()));
  return result;
}

// Whether the candidate's final latents differ from those with the switches off: named, and no
// condition, since another way of computing may give equal bits.
json changed_output(const json& pairs, const RunIndex& run) {
  std::size_t compared = 0, differing = 0;
  const auto latents = [&](const std::string& id) {
    const json* record = run.quality_record(id);
    return record ? record->value("hashes", json::object()).value("latents", json()) : json();
  };
  for (const json& pair : pairs) {
    const json candidate = latents(pair.at("candidate")),
               off = latents(run.switches_off(pair.at("candidate")));
    if (candidate.is_null() || off.is_null()) continue;
    ++compared;
    differing += candidate != off;
  }
  if (compared == 0) return nullptr;
  return {{"counterpart", "the same request with the candidate's switches off"},
          {"pairs", compared},
          {"latents_differ", differing}};
}

json cases(const json& pairs, const RunIndex& run) {
  json list = json::array();
  for (const json& pair : pairs) {
    const std::string candidate = pair.at("candidate");
    json one = pair_entry(pair, run);
    one["repeat"] = repeat_command(run.files(), candidate, candidate + ".png");
    list.push_back(std::move(one));
  }
  return list;
}

// Makes both pictures of the first pair and scores them.
std::string repeat_comparison(const json& pair, const RunFiles& files) {
  return fmt::format("{} && {} && sameseed score-pair reference.png candidate.png",
                     repeat_command(files, pair.at("reference"), "reference.png"),
                     repeat_command(files, pair.at("candidate"), "candidate.png"));
}

}  // namespace

json comparison_entry(const json& comparison, const RunIndex& run, const NoiseFloor& floor) {
  const json& pairs = comparison.at("pairs");
  json entry = {{"id", comparison.at("id")},
                {"setting", comparison.at("setting")},
                {"against", comparison.at("kind")},
                {"arms",
                 {{"candidate", arm_entry(pairs.at(0).at("candidate"), run)},
                  {"reference", arm_entry(pairs.at(0).at("reference"), run)}}}};
  json refused = refusals(pairs, run);
  entry["quality"] = quality(pairs, run, refused);
  floor.hold(comparison, entry["quality"]);
  entry["oracle"] = oracle_entry(comparison, run);
  entry["broken"] = broken(pairs, run);
  entry["damage"] = damage(pairs, entry.at("quality"), entry.at("broken"), run);
  Speed speed = speed_of(run.timing_records(comparison.at("id")));
  entry["speed"] = std::move(speed.timings);
  entry["timed_samples"] = std::move(speed.samples);
  entry["broken_blocks"] = speed.broken_blocks;
  entry["invalid_blocks"] = speed.invalid_blocks;
  entry["invalid"] = std::move(speed.invalid);
  const Status status = status_of(comparison, run);
  entry["status"] = status.status == "ok" && !refused.empty() ? "refused" : status.status;
  entry["reason"] = status.status == "ok" && !refused.empty() ? refused.begin()->get<std::string>()
                                                              : status.reason;
  entry["refused"] = std::move(refused);
  entry["engagement"] = engagement(comparison, entry.at("arms"), run);
  entry["changed_output"] = changed_output(pairs, run);
  entry["cases"] = cases(pairs, run);
  entry["repeat"] = repeat_comparison(pairs.at(0), run.files());
  return entry;
}

std::string repeat_command(const RunFiles& files, const std::string& case_id,
                           const std::string& picture) {
  return fmt::format("sameseed image --case {} --out {}", quoted(files.folder + "/" + case_id),
                     picture);
}

}  // namespace sameseed
