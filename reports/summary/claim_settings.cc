#include "reports/summary/claim_settings.h"

#include <algorithm>
#include <cmath>

#include "reports/statistics/factorial.h"
#include "reports/summary/summary.h"

namespace sameseed {

ByContext OfModel::with(const Setting& on, const char* against) const {
  ByContext found;
  for (const Entry& entry : entries)
    if (entry.on == on && entry.comparison->against == against)
      found.emplace(entry.context, entry.comparison);
  return found;
}

const EffectOfSwitch* OfModel::effect(const std::string& axis, const AxisValue& level) const {
  const auto found =
      std::ranges::find(effects->estimates, Setting{{axis, level}}, &EffectOfSwitch::levels);
  return found == effects->estimates.end() ? nullptr : &*found;
}

std::vector<OfModel> models_of(const Summary& summary) {
  std::vector<OfModel> models;
  for (const auto& [name, effects] : summary.effects_by_model)
    models.push_back({.name = name, .effects = &effects, .entries = {}, .floor = {}});
  if (models.empty())
    models.push_back({.name = {}, .effects = &summary.effects, .entries = {}, .floor = {}});
  const std::vector<SweepSwitch> switches = switches_of(summary.axes);
  for (const Comparison& comparison : summary.comparisons) {
    const auto model = comparison.setting.find(kModelsAxis);
    for (OfModel& one : models) {
      if (model != comparison.setting.end() && model->second != one.name) continue;
      auto [on, context] = switched_on(comparison.setting, switches);
      context.erase(kModelsAxis);
      one.entries.push_back({&comparison, on, context});
      for (const FloorRow& row : summary.noise_floor.rows)  // rows of this model share its cases
        for (const auto& [kind, quality] : comparison.quality)
          for (const auto& [label, floor] : quality.floors)
            if (floor.row == row.id && std::ranges::find(one.floor, &row) == one.floor.end())
              one.floor.push_back(&row);
    }
  }
  return models;
}

void MeansOfPairs::add(const Pair& pair, double value) {
  auto& [sum, n] = sums_[key_of(pair)];
  sum += value;
  n += 1;
}

std::vector<double> MeansOfPairs::of_prompts() const {
  std::map<PairKey, double> means;
  for (const auto& [key, sum] : sums_) means[key] = sum.first / sum.second;
  return means_of_prompts(means);
}

std::vector<double> differences(const ByContext& ones, const ByContext& others,
                                const ReportMetric& metric) {
  MeansOfPairs both;
  for (const auto& [context, one] : ones) {
    const auto other = others.find(context);
    if (other == others.end()) continue;
    std::map<PairKey, double> theirs;
    for (const ScoredPair& scored : other->second->pairs)
      if (const auto value = scored.value(metric.name))
        theirs[key_of(scored.pair)] = metric.loss(*value);
    for (const ScoredPair& scored : one->pairs)
      if (const auto value = scored.value(metric.name))
        if (const auto found = theirs.find(key_of(scored.pair)); found != theirs.end())
          if (const double more = metric.loss(*value) - found->second; std::isfinite(more))
            both.add(scored.pair, more);
  }
  return both.of_prompts();
}

bool share_context(const ByContext& ones, const ByContext& others) {
  return std::ranges::any_of(ones, [&](const auto& one) { return others.contains(one.first); });
}

std::optional<double> mean_of(const ByContext& comparisons, const ByContext& beside,
                              const std::string& metric) {
  double sum = 0, n = 0;
  for (const auto& [context, comparison] : comparisons)
    if (const Quality* quality = comparison->metric(metric);
        quality && quality->statistics.n() > 0 && beside.contains(context)) {
      sum += quality->statistics.mean.value;
      n += 1;
    }
  return n > 0 ? std::optional(sum / n) : std::nullopt;
}

}  // namespace sameseed
