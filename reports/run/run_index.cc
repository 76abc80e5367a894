#include "reports/run/run_index.h"

#include <limits>

namespace sameseed {

using nlohmann::json;

std::optional<double> score_in(const json& score, const std::string& metric) {
  // Looked up in place: a copy of a score is a copy of all its metrics.
  const auto entry_in = [&](const char* field) -> const json* {
    const auto all = score.find(field);
    if (all == score.end() || !all->is_object()) return nullptr;
    const auto one = all->find(metric);
    return one == all->end() ? nullptr : &*one;
  };
  if (const json* value = entry_in("values"); value && value->is_number())
    return value->get<double>();
  const json* word = entry_in("nonfinite");
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (word && *word == "+inf") return kInfinity;
  if (word && *word == "-inf") return -kInfinity;
  return std::nullopt;
}

RunIndex::RunIndex(const RunFiles& files)
    : files_(files), probes_(off_probes(files.plan, files.workers)) {
  if (files.scorer) metrics_ = files.scorer->at("metrics");
  for (const json& one : files.plan.at("cases")) cases_[one.at("id")] = &one;
  for (const json& one : files.plan.at("environments")) environments_[one.at("id")] = &one;
  for (const json& worker : files.workers) workers_[worker.at("environment")] = &worker;
  for (const json& sample : files.plan.at("samples"))
    if (sample.at("kind") == "timing") ++planned_[sample.at("comparison")];
  for (const auto& [id, record] : files.samples) {
    const json comparison = record.value("comparison", json());
    if (record.at("kind") == "quality")
      quality_[record.at("case")] = &record;
    else if (record.at("kind") == "timing" && comparison.is_string())
      timing_[comparison.get<std::string>()].push_back(&record);
  }
  for (const json& comparison : files.plan.at("comparisons"))
    if (comparison.at("kind") == "switches_off")
      for (const json& pair : comparison.at("pairs"))
        off_[pair.at("candidate")] = pair.at("reference");
}

std::size_t RunIndex::planned_timing(const std::string& comparison) const {
  const auto found = planned_.find(comparison);
  return found == planned_.end() ? 0 : found->second;
}

const std::vector<const json*>& RunIndex::timing_records(const std::string& comparison) const {
  static const std::vector<const json*> none;
  const auto found = timing_.find(comparison);
  return found == timing_.end() ? none : found->second;
}

const json* RunIndex::scores(const std::string& candidate_case,
                             const std::string& reference_case) const {
  const auto found = files_.scores.find({candidate_case, reference_case});
  return found == files_.scores.end() || found->second.contains("refused") ? nullptr
                                                                           : &found->second;
}

std::optional<double> RunIndex::score(const std::string& candidate_case,
                                      const std::string& reference_case,
                                      const std::string& metric) const {
  const json* pair = scores(candidate_case, reference_case);
  return pair ? score_in(*pair, metric) : std::nullopt;
}

std::string RunIndex::switches_off(const std::string& candidate_case) const {
  const auto found = off_.find(candidate_case);
  return found == off_.end() ? "" : found->second;
}

}  // namespace sameseed
