#include "reports/judge/sample_size.h"

#include <set>
#include <utility>

#include "reports/summary/noise_floor.h"

namespace sameseed {
namespace {

// Of pairs that have a score.
Statistics statistics_of(const std::vector<ScoredPair>& pairs, const ReportMetric& metric) {
  std::vector<Scored> values;
  for (const ScoredPair& scored : pairs)
    if (const auto value = scored.value(metric.name))
      values.push_back({*value, scored.pair.candidate, scored.pair.observation()});
  return summarize(std::move(values), metric);
}

std::vector<const FloorRow*> floors_of(const Quality& quality, const std::vector<FloorRow>& rows) {
  std::vector<const FloorRow*> beside;
  for (const auto& [name, floor] : quality.floors)
    for (const FloorRow& row : rows)
      if (row.id == floor.row) beside.push_back(&row);
  return beside;
}

// What the floor's other prompts say is not asked either.
std::vector<FloorRow> rows_of_prompts(std::vector<FloorRow> rows,
                                      const std::vector<ScoredPair>& pairs) {
  std::set<std::string> prompts;
  for (const ScoredPair& scored : pairs) prompts.insert(scored.pair.observation());
  for (FloorRow& row : rows)
    std::erase_if(row.cases, [&](const ScoredPair& scored) {
      return !prompts.contains(scored.pair.observation());
    });
  return rows;
}

}  // namespace

std::vector<ScoredPair> pairs_of_first_prompts(const std::vector<ScoredPair>& pairs,
                                               std::size_t count) {
  std::set<std::string> prompts;
  std::vector<ScoredPair> first;
  for (const ScoredPair& scored : pairs) {
    const std::string& prompt = scored.pair.observation();
    if (!prompts.contains(prompt) && prompts.size() == count) continue;
    prompts.insert(prompt);
    first.push_back(scored);
  }
  return first;
}

std::size_t prompts_in(const std::vector<ScoredPair>& pairs) {
  std::set<std::string> prompts;
  for (const ScoredPair& scored : pairs) prompts.insert(scored.pair.observation());
  return prompts.size();
}

Summary of_first_prompts(Summary summary, std::size_t count) {
  for (Comparison& comparison : summary.comparisons) {
    if (prompts_in(comparison.pairs) <= count) continue;
    comparison.pairs = pairs_of_first_prompts(comparison.pairs, count);
    const std::vector<FloorRow> rows = rows_of_prompts(summary.noise_floor.rows, comparison.pairs);
    for (auto& [name, quality] : comparison.quality) {
      const ReportMetric* metric = summary.metric(name);
      if (!metric) continue;
      quality.statistics = statistics_of(comparison.pairs, *metric);
      if (!quality.floors.empty())
        quality.reading = floor_reading(comparison.pairs, floors_of(quality, rows), *metric);
    }
    if (comparison.oracle) comparison.oracle = oracle_of(comparison.pairs, summary.metrics);
    comparison.setting_class = class_of(comparison, rows, summary.metrics);
  }
  return summary;
}

}  // namespace sameseed
