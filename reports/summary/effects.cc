#include "reports/summary/effects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "reports/run/labels.h"
#include "reports/run/loss_table.h"
#include "reports/statistics/fewest_blocks.h"
#include "reports/statistics/paired_bootstrap.h"
#include "reports/summary/comparison.h"
#include "reports/summary/switch_times.h"

namespace sameseed {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// The comparisons with the reference: one a setting.
struct Design {
  std::vector<const Comparison*> comparisons;
  Settings settings;
  std::vector<SweepSwitch> switches;
};

Design design_of(const std::vector<Comparison>& comparisons, const std::vector<SweepAxis>& axes) {
  Design design{.comparisons = {}, .settings = {}, .switches = switches_of(axes)};
  for (const Comparison& comparison : comparisons)
    if (comparison.is_against_reference()) {
      design.comparisons.push_back(&comparison);
      design.settings.push_back(comparison.setting);
    }
  return design;
}

// The effects that a table's settings allow; made once for all tables that lack the same ones.
class AllowedEffects {
 public:
  explicit AllowedEffects(const Design& design) : design_(design) {}

  // A setting that has less than half of its values counts as not made, so that one broken setting
  // does not take the pairs of all others.
  const std::vector<Effect>& by(const Table& table) {
    Settings settings;
    std::vector<bool> made;
    for (std::size_t point = 0; point < design_.settings.size(); ++point) {
      std::size_t present = 0;
      for (const auto& observation : table) present += !std::isnan(observation[point]);
      made.push_back(present > 0 && 2 * present >= table.size());
      settings.push_back(made.back() ? design_.settings[point] : std::nullopt);
    }
    if (const auto found = known_.find(made); found != known_.end()) return found->second;
    return known_.emplace(made, effects_of(design_.switches, settings)).first->second;
  }

 private:
  const Design& design_;
  std::map<std::vector<bool>, std::vector<Effect>> known_;
};

const char* verdict_of(const EffectEstimate& estimate) {
  if (!estimate.half_width) return "too few";
  if (estimate.mean > *estimate.half_width) return "costs";
  return estimate.mean < -*estimate.half_width ? "buys" : "none shown";
}

// `take_back` brings numbers back from the scale on which the effect was estimated.
template <typename TakeBack>
EffectOn effect_on(const EffectEstimate& result, std::size_t observations, double confidence,
                   TakeBack take_back) {
  EffectOn effect{.estimate = {.n = result.n, .value = take_back(result.mean)},
                  .of = observations,
                  .verdict = verdict_of(result),
                  .exactly_none = result.n > 0 && result.mean == 0 && result.spread == 0};
  if (result.half_width)
    effect.estimate.interval = {take_back(result.mean - *result.half_width),
                                take_back(result.mean + *result.half_width)};
  else
    effect.estimate.no_interval =
        result.n < fewest_observations(confidence)
            ? fmt::format("fewer than {} observations", fewest_observations(confidence))
            : "the resamples are degenerate";
  effect.needed = observations_needed(result);
  return effect;
}

void add_quality(std::vector<EffectOfSwitch>& estimates, const Design& design,
                 AllowedEffects& allowed, const ReportMetric& metric) {
  if (!metric.available()) return;
  std::vector<const std::vector<ScoredPair>*> columns;
  for (const Comparison* comparison : design.comparisons) columns.push_back(&comparison->pairs);
  LossTable table = loss_table(metric, columns);
  for (std::vector<double>& row : table.losses)
    for (double& loss : row)
      if (!std::isfinite(loss)) loss = kNaN;
  const std::vector<Effect>& effects = allowed.by(table.losses);
  const FamilyOptions options;
  const auto rows = over_prompts(rows_over_pairs(effects, table.losses), table.pairs);
  const std::size_t observations = rows.empty() ? 0 : rows.front().size();
  const auto results = estimate_family(rows, options);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (effects[i].contrasts.empty()) continue;
    EffectOn effect =
        effect_on(results[i], observations, options.confidence, [](double loss) { return loss; });
    effect.unit = metric.loss_unit();
    effect.contexts = effects[i].contrasts.size();
    estimates[i].quality.emplace(metric.name, std::move(effect));
  }
}

void add_speed(std::vector<EffectOfSwitch>& estimates, const std::vector<Comparison>& comparisons,
               const Design& design, AllowedEffects& allowed, const std::string& timing) {
  const SwitchTimes times = switch_times(comparisons, design.comparisons, timing);
  const std::size_t blocks = times.against_reference.size();
  if (blocks == 0) return;
  const std::vector<Effect>& effects = allowed.by(times.known());
  const FamilyOptions options;
  Table rows = rows_over_blocks(effects, times.against_reference),
        own = rows_over_blocks(effects, times.against_off);
  std::vector<bool> is_own;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    is_own.push_back(times.has_own_blocks(effects[i]));
    if (is_own.back()) rows[i] = std::move(own[i]);
  }
  const auto results = estimate_family(rows, options);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (effects[i].contrasts.empty()) continue;
    const std::size_t contexts = effects[i].contrasts.size();
    EffectOn effect = effect_on(results[i], contexts * blocks, options.confidence,
                                [](double log) { return std::exp(log); });
    effect.contexts = contexts;
    effect.from = is_own[i] ? kFromSwitchesOff : kFromReference;
    effect.absent = too_few_blocks(results[i].n);
    if (!effect.absent.empty()) {
      effect.estimate.value = kNaN;
      effect.exactly_none = false;
    }
    estimates[i].speed.emplace(timing, std::move(effect));
  }
}

// The proof of engagement of each switch's values that are the same as others.
std::map<std::string, std::map<AxisValue, const Engagement*>> equal_values(const Design& design) {
  std::map<std::string, std::map<AxisValue, const Engagement*>> equal;
  for (const Comparison* comparison : design.comparisons)
    for (const auto& [axis, proof] : comparison->engagement)
      if (!proof.same_as.empty() && comparison->setting.contains(axis))
        equal[axis][proof.value] = &proof;
  return equal;
}

std::string values_text(const std::string& axis, const std::vector<AxisValue>& values) {
  std::string text;
  for (const AxisValue& value : values)
    text += (text.empty() ? "" : " or ") + setting_label({{axis, value}});
  return text;
}

// What the design cannot tell, in words.
std::vector<Confounded> confounded(const std::vector<Effect>& effects, const Settings& settings) {
  std::vector<Confounded> list;
  for (const Effect& effect : effects) {
    if (effect.levels.size() != 1) continue;
    const std::string name = setting_label(effect.levels), off = setting_label(effect.off);
    if (effect.contrasts.empty()) {
      list.push_back({.levels = effect.levels,
                      .only_with = {},
                      .text = fmt::format("{} was never made beside {}: its effect cannot be told",
                                          name, off)});
      continue;
    }
    Confounded entry{.levels = effect.levels, .only_with = confounded_with(effect, settings)};
    std::string with;
    for (const auto& [axis, seen] : entry.only_with)
      with += (with.empty() ? "" : " and ") + values_text(axis, seen);
    if (with.empty()) continue;
    entry.text = fmt::format(
        "{} was made beside {} only with {}: an interaction with other values of these cannot be "
        "told from its main effect",
        name, off, with);
    list.push_back(std::move(entry));
  }
  return list;
}

std::vector<SweepAxis> averaged_over(const Design& design, const std::vector<SweepAxis>& axes) {
  std::vector<SweepAxis> list;
  for (const SweepAxis& axis : axes) {
    const bool is_switch = std::ranges::any_of(
        design.switches, [&](const SweepSwitch& own) { return own.axis == axis.name; });
    if (!is_switch && axis.values.size() > 1) list.push_back(axis);
  }
  return list;
}

std::optional<std::string> headline(const std::vector<ReportMetric>& metrics) {
  for (const char* wanted : {"lpips.alex", "ssim.gaussian"})
    for (const ReportMetric& metric : metrics)
      if (metric.name == wanted && metric.available()) return metric.name;
  for (const ReportMetric& metric : metrics)
    if (metric.available()) return metric.name;
  return std::nullopt;
}

}  // namespace

Effects effects_of(const std::vector<Comparison>& comparisons, const std::vector<SweepAxis>& axes,
                   const std::vector<ReportMetric>& metrics) {
  const Design design = design_of(comparisons, axes);
  const auto effects = effects_of(design.switches, design.settings);
  const auto equal = equal_values(design);
  Effects result{.headline = headline(metrics),
                 .switches = design.switches,
                 .averaged_over = averaged_over(design, axes),
                 .estimates = {},
                 .confounded = confounded(effects, design.settings),
                 .advice = {}};
  for (const Effect& effect : effects) {
    EffectOfSwitch entry{
        .levels = effect.levels, .off = effect.off, .contexts = effect.contrasts.size()};
    if (effect.levels.size() == 1) {
      const auto& [axis, level] = *effect.levels.begin();
      if (const auto found = equal.find(axis);
          found != equal.end() && found->second.contains(level)) {
        entry.same_as = found->second.at(level)->same_as;
        entry.because = found->second.at(level)->same_because;
      }
    }
    result.estimates.push_back(std::move(entry));
  }
  AllowedEffects allowed(design);
  for (const ReportMetric& metric : metrics) add_quality(result.estimates, design, allowed, metric);
  for (const std::string& timing : timing_names())
    add_speed(result.estimates, comparisons, design, allowed, timing);
  return result;
}

}  // namespace sameseed
