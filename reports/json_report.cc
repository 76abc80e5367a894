#include "reports/json_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "reports/engagement.h"
#include "reports/statistics.h"

namespace sameseed {
namespace {

using nlohmann::json;

std::string repeat(const RunFiles& files, const std::string& case_id) {
  return fmt::format("sameseed image --case {}/{} --out {}.png", files.folder, case_id, case_id);
}

// The quality sample's record of a case, or null.
json quality_record(const RunFiles& files, const std::string& case_id) {
  for (const auto& [id, record] : files.samples)
    if (record.value("case", "") == case_id && record.value("kind", "") == "quality") return record;
  return nullptr;
}

// The outcome of a comparison whose pairs need both their pictures: the first that is not "ok", and
// its error.
std::pair<std::string, std::string> worst_outcome(const RunFiles& files, const json& pairs) {
  for (const json& pair : pairs)
    for (const char* side : {"candidate", "reference"}) {
      const json record = quality_record(files, pair.at(side));
      const std::string outcome =
          record.is_object() ? record.value("outcome", "missing") : "missing";
      if (outcome == "ok") continue;
      const std::string error = record.is_object() ? record.value("error", "") : "never made";
      return {outcome == "unsupported" || outcome == "missing" ? outcome : "failed", error};
    }
  return {"ok", ""};
}

json quality(const RunFiles& files, const json& pairs, json& refused) {
  json result = json::object();
  for (const json& metric : files.metrics) {
    const std::string name = metric.at("name");
    if (metric.contains("unavailable")) {
      result[name] = {{"n", 0}, {"unavailable", metric.at("unavailable")}};
      continue;
    }
    std::vector<Scored> scores;
    for (const json& pair : pairs) {
      const auto found = files.scores.find({pair.at("candidate"), pair.at("reference")});
      if (found == files.scores.end()) continue;
      if (found->second.contains("refused")) {
        refused[pair.at("candidate").get<std::string>()] = found->second.at("refused");
        continue;
      }
      const json& values = found->second.at("values");
      if (!values.contains(name)) continue;
      // What is not finite is null, with a word beside it.
      const std::string word = found->second.value("nonfinite", json::object()).value(name, "");
      if (word == "nan" || (word.empty() && !values.at(name).is_number())) {
        refused[pair.at("candidate").get<std::string>()] = name + " is not a number";
        continue;
      }
      const double infinity = std::numeric_limits<double>::infinity();
      scores.push_back({word == "+inf"   ? infinity
                        : word == "-inf" ? -infinity
                                         : values.at(name).get<double>(),
                        pair.at("candidate")});
    }
    result[name] = summarize(std::move(scores), metric.at("better"), metric.at("unit"));
    result[name]["unit"] = metric.at("unit");
    result[name]["better"] = metric.at("better");
    result[name]["noise_floor"] = nullptr;  // the words beside it: see noise_floor of the report
  }
  return result;
}

// Median of a timing over samples; steps are averaged inside one first.
double timing(const json& record, const std::string& name) {
  const json& timings = record.at("timings_ms");
  if (name == "total_ms") return timings.at("total");
  if (name == "text_ms") return timings.at("text");
  if (name == "decode_ms") return timings.at("decode");
  double sum = 0;
  int count = 0;
  for (std::size_t i = 0; i < timings.at("steps").size(); ++i)
    if (timings.at("full").at(i).get<bool>() == (name == "step_full_ms")) {
      sum += timings.at("steps").at(i).get<double>();
      ++count;
    }
  return count == 0 ? -1 : sum / count;
}

// Ratios are taken block by block: both candidates over both references of one A B B A.
json speed(const RunFiles& files, const json& comparison) {
  std::map<int, std::map<std::string, std::vector<json>>> blocks;
  for (const auto& [id, record] : files.samples)
    if (record.value("comparison", json()) == comparison.at("id") &&
        record.value("outcome", "") == "ok")
      blocks[record.at("block")][record.at("arm")].push_back(record);
  json result = json::object();
  for (const char* name : {"total_ms", "step_full_ms", "step_partial_ms", "text_ms", "decode_ms"}) {
    std::vector<double> candidate, reference, ratios;
    for (auto& [block, arms] : blocks) {
      if (arms["candidate"].size() != 2 || arms["reference"].size() != 2) continue;
      double sums[2] = {0, 0};
      bool present[2] = {true, true};
      for (int side = 0; side < 2; ++side)
        for (const json& record : arms[side == 0 ? "candidate" : "reference"]) {
          const double value = timing(record, name);
          present[side] = present[side] && value >= 0;
          sums[side] += value;
          if (value >= 0) (side == 0 ? candidate : reference).push_back(value);
        }
      if (present[0] && present[1] && sums[1] > 0) ratios.push_back(sums[0] / sums[1]);
    }
    if (candidate.empty() && reference.empty()) continue;
    json entry = {{"n", ratios.size()}, {"ratio", ratios.empty() ? json() : json(median(ratios))}};
    entry["candidate_median"] = candidate.empty() ? json() : json(median(candidate));
    entry["reference_median"] = reference.empty() ? json() : json(median(reference));
    result[name] = entry;
  }
  return result;
}

json failures(const RunFiles& files) {
  json list = json::array();
  for (const json& sample : files.plan.at("samples")) {
    const auto found = files.samples.find(sample.at("id"));
    const std::string outcome =
        found == files.samples.end() ? "missing" : found->second.value("outcome", "missing");
    if (outcome == "ok") continue;
    const json record = found == files.samples.end() ? json::object() : found->second;
    list.push_back({{"sample", sample.at("id")},
                    {"case", sample.at("case")},
                    {"kind", outcome},
                    {"error", record.value("error", "")},
                    {"log_tail", record.value("log_tail", json::array())},
                    {"repeat", repeat(files, sample.at("case"))}});
  }
  return list;
}

}  // namespace

json make_report(const RunFiles& files) {
  json report = {{"schema", "sameseed/report/1"},
                 {"name", files.plan.at("name")},
                 {"run", files.run},
                 {"cohort", files.run.value("cohort", json::object())},
                 {"model", files.plan.at("model")},
                 {"axes", files.plan.at("axes")},
                 {"metrics", files.metrics},
                 {"noise_floor", {{"value", nullptr}, {"reason", "not measured"}}},
                 {"excluded", files.plan.at("excluded")},
                 {"failures", failures(files)},
                 {"comparisons", json::array()},
                 {"workers", json::object()}};
  for (const auto& [environment, worker] : files.workers) report["workers"][environment] = worker;

  const json& comparisons = files.plan.at("comparisons");
  for (const json& comparison : comparisons) {
    const std::string candidate = comparison.at("pairs").at(0).at("candidate");
    json off = nullptr;
    for (const json& other : comparisons)
      if (other.at("kind") == "switches_off" && other.at("setting") == comparison.at("setting"))
        off = quality_record(files, other.at("pairs").at(0).at("reference"));
    const json sample = quality_record(files, candidate);
    json entry = {{"id", comparison.at("id")},
                  {"setting", comparison.at("setting")},
                  {"against", comparison.at("kind")}};
    json refused = json::object();
    entry["quality"] = quality(files, comparison.at("pairs"), refused);
    entry["speed"] = speed(files, comparison);
    const auto [outcome, why] = worst_outcome(files, comparison.at("pairs"));
    entry["status"] = outcome != "ok" ? outcome : refused.empty() ? "ok" : "refused";
    entry["reason"] = outcome != "ok"   ? why
                      : refused.empty() ? ""
                                        : refused.begin()->get<std::string>();
    entry["refused"] = refused;
    entry["engagement"] =
        outcome == "ok" ? engagement_of(comparison.at("setting"), sample, off) : json::object();
    entry["cases"] = json::array();
    for (const json& pair : comparison.at("pairs"))
      entry["cases"].push_back({{"candidate", pair.at("candidate")},
                                {"reference", pair.at("reference")},
                                {"prompt", pair.at("prompt")},
                                {"seed", pair.at("seed")},
                                {"repeat", repeat(files, pair.at("candidate"))}});
    report["comparisons"].push_back(entry);
  }

  json causes = json::array();
  for (const json& failure : report["failures"])
    if (failure.at("kind") != "unsupported")
      causes.push_back(fmt::format("sample {}: {}: {}", failure.at("sample").get<std::string>(),
                                   failure.at("kind").get<std::string>(),
                                   failure.at("error").get<std::string>()));
  for (const json& entry : report["comparisons"])
    if (entry.at("status") == "refused")
      causes.push_back("comparison " + entry.at("id").get<std::string>() + ": " +
                       entry.at("reason").get<std::string>());
  if (!files.scored) causes.push_back("the run was not scored");
  report["verdict"] = {{"code", causes.empty() ? 0 : 7}, {"causes", causes}};
  return report;
}

}  // namespace sameseed
