#include "reports/summary/oracle.h"

#include <string>
#include <vector>

#include "reports/statistics/loss.h"
#include "reports/statistics/statistics.h"

namespace sameseed {
namespace {

using nlohmann::json;

const char* reading(const json& interval) {
  if (!interval.is_object() || !interval.at("low").is_number() || !interval.at("high").is_number())
    return "no difference shown";
  if (interval.at("high") < 0) return "candidate nearer";
  return interval.at("low") > 0 ? "reference nearer" : "no difference shown";
}

json metric_entry(const json& metric, const json& pairs, const RunIndex& run) {
  const Scale scale = scale_of(metric);
  std::vector<Scored> candidates, references, differences;
  for (const json& pair : pairs) {
    const std::string candidate = pair.at("candidate"), oracle = pair.at("oracle");
    const auto ours = run.score(candidate, oracle, metric.at("name")),
               theirs = run.score(pair.at("reference"), oracle, metric.at("name"));
    if (!ours || !theirs) continue;
    const double a = loss_of(*ours, scale), b = loss_of(*theirs, scale);
    candidates.push_back({a, candidate});
    references.push_back({b, candidate});
    differences.push_back({a - b, candidate});
  }
  json entry = {{"unit", loss_unit(scale_of(metric))}, {"n", differences.size()}};
  if (differences.empty()) return entry;
  const Scale losses = {.better = "lower", .unit = ""};
  entry["candidate"] = summarize(std::move(candidates), losses).at("mean");
  entry["reference"] = summarize(std::move(references), losses).at("mean");
  const json difference = summarize(std::move(differences), losses);
  entry["difference"] = difference.at("mean");
  entry["interval"] = difference.at("interval");
  entry["reading"] = reading(entry.at("interval"));
  return entry;
}

}  // namespace

json oracle_entry(const json& comparison, const RunIndex& run) {
  const json& pairs = comparison.at("pairs");
  if (!pairs.at(0).contains("oracle")) return nullptr;
  json result = json::object();
  for (const json& metric : run.metrics())
    if (!metric.contains("unavailable"))
      result[metric.at("name").get<std::string>()] = metric_entry(metric, pairs, run);
  return result;
}

}  // namespace sameseed
