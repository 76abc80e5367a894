// The effects of switches, as report.json has them.
#include "reports/formats/json.h"
#include "reports/formats/json_values.h"
#include "reports/statistics/paired_bootstrap.h"

namespace sameseed {
namespace {

using nlohmann::json;

json advice_json(const Advice& advice) {
  return {{"axis", advice.axis},
          {"value", advice.value},
          {"because", advice.because},
          {"answer", advice.answer},
          {"shown", advice.shown}};
}

json effect_json(const EffectOn& effect, bool of_time) {
  const Estimate& estimate = effect.estimate;
  json entry = {{"n", estimate.n},
                {"of", effect.of},
                {"contexts", effect.contexts},
                {"verdict", effect.verdict},
                {"interval", interval_json(estimate.interval)},
                {of_time ? "ratio" : "loss", effect.has_value() ? json(estimate.value) : json()}};
  if (!of_time) entry["unit"] = effect.unit;
  if (!estimate.interval) entry["interval_absent"] = estimate.no_interval;
  if (!effect.from.empty()) entry["from"] = effect.from;
  if (!effect.absent.empty()) entry["ratio_absent"] = effect.absent;
  if (effect.exactly_none) entry["exactly_none"] = true;
  if (effect.needed) entry["needed"] = *effect.needed;
  return entry;
}

json effect_of_switch_json(const EffectOfSwitch& effect) {
  json entry = {
      {"levels", effect.levels},
      {"off", effect.off},
      {"contexts", effect.contexts},
      {"quality", map_json(effect.quality, [](const auto& on) { return effect_json(on, false); })},
      {"speed", map_json(effect.speed, [](const auto& on) { return effect_json(on, true); })}};
  if (!effect.same_as.empty()) entry["same_as"] = effect.same_as;
  if (effect.because) entry["because"] = *effect.because;
  return entry;
}

}  // namespace

json axis_json(const SweepAxis& axis) { return {{"name", axis.name}, {"values", axis.values}}; }

json effects_json(const Effects& effects) {
  const FamilyOptions options;
  json entry = {
      {"level", options.confidence},
      {"method", "paired wild bootstrap-t (signs), largest |t| over the family"},
      {"family", "all main effects and interactions on one metric or timing"},
      {"resamples", options.resamples},
      {"seed", options.seed},
      {"units",
       "prompts, as their token ids, each the mean of its seeds that have all settings the effect "
       "needs; of timings the A B B A blocks of each context"},
      {"fewest_units", fewest_observations(options.confidence)},
      {"needed_formula",
       "n >= ((c + z(0.8)) s / effect)^2, more than there are: 80 % power, s the spread from "
       "observation to observation, c the family's critical value at the n at hand, half the "
       "interval's width in units of s / sqrt(n)"},
      {"headline", value_or_null(effects.headline)},
      {"switches",
       list_json(effects.switches,
                 [](const SweepSwitch& one) {
                   return json{{"axis", one.axis}, {"off", one.off}, {"levels", one.levels}};
                 })},
      {"averaged_over", list_json(effects.averaged_over, axis_json)},
      {"estimates", list_json(effects.estimates, effect_of_switch_json)},
      {"confounded", list_json(effects.confounded, [](const Confounded& one) {
         return json{{"levels", one.levels}, {"only_with", one.only_with}, {"text", one.text}};
       })}};
  if (effects.advice) entry["advice"] = list_json(*effects.advice, advice_json);
  return entry;
}

}  // namespace sameseed
