#include "reports/summary/effects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "reports/run/labels.h"
#include "reports/statistics/factorial.h"
#include "reports/statistics/loss.h"
#include "reports/statistics/paired_bootstrap.h"
#include "reports/summary/speed.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// The comparisons with the reference: one a setting.
struct Design {
  std::vector<const json*> comparisons;
  std::vector<json> settings;
  std::vector<Switch> switches;
};

Design design_of(const json& comparisons, const json& axes) {
  Design design{.comparisons = {}, .settings = {}, .switches = switches_of(axes)};
  for (const json& one : comparisons)
    if (one.at("against") == "reference") {
      design.comparisons.push_back(&one);
      design.settings.push_back(one.at("setting"));
    }
  return design;
}

// The effects that a table's settings allow; made once for all tables that lack the same ones.
class Effects {
 public:
  explicit Effects(const Design& design) : design_(design) {}

  // A setting that has less than half of its values counts as not made, so that one broken setting
  // does not take the pairs of all others.
  const std::vector<Effect>& of(const Table& table) {
    std::vector<json> settings;
    std::vector<bool> made;
    for (std::size_t point = 0; point < design_.settings.size(); ++point) {
      std::size_t present = 0;
      for (const auto& unit : table) present += !std::isnan(unit[point]);
      made.push_back(present > 0 && 2 * present >= table.size());
      settings.push_back(made.back() ? design_.settings[point] : json());  // null matches nothing
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

// n and verdict, and how many units would do.
json entry_of(const EffectEstimate& estimate, std::size_t units, std::size_t family, double level) {
  json entry = {{"n", estimate.n}, {"of", units}, {"verdict", verdict_of(estimate)}};
  if (estimate.n > 0 && estimate.mean == 0 && estimate.spread == 0) entry["exactly_none"] = true;
  if (!estimate.half_width)
    entry["interval_absent"] = estimate.n < kFewestUnits
                                   ? fmt::format("fewer than {} units", kFewestUnits)
                                   : "the resamples are degenerate";
  const bool told = estimate.half_width && std::abs(estimate.mean) > *estimate.half_width;
  if (const auto needed = units_needed(estimate, family, level); !told && needed)
    entry["needed"] = *needed;
  return entry;
}

// Of the effect, its ends taken back from the scale it was estimated on; null without one.
template <typename TakeBack>
json interval_of(const EffectEstimate& result, TakeBack take_back) {
  if (!result.half_width) return nullptr;
  return {{"low", take_back(result.mean - *result.half_width)},
          {"high", take_back(result.mean + *result.half_width)}};
}

// Effects that no settings allow have no units, and are not of the family.
std::size_t family_of(const std::vector<EffectEstimate>& results) {
  return static_cast<std::size_t>(std::count_if(
      results.begin(), results.end(), [](const EffectEstimate& one) { return one.n > 0; }));
}

void put_quality(json& estimates, const Design& design, Effects& known, const json& metric,
                 const RunIndex& run) {
  if (metric.contains("unavailable")) return;
  const Scale scale = scale_of(metric);
  std::map<std::pair<std::string, std::string>, std::size_t> units;  // prompt and seed
  for (const json* comparison : design.comparisons)
    for (const json& one : comparison->at("cases"))
      units.emplace(std::pair{one.at("prompt"), one.at("seed").dump()}, units.size());
  Table losses(units.size(), std::vector<double>(design.settings.size(), kNaN));
  for (std::size_t point = 0; point < design.settings.size(); ++point)
    for (const json& one : design.comparisons[point]->at("cases")) {
      if (const auto value = run.score(one.at("candidate"), one.at("reference"), metric.at("name")))
        if (const double loss = loss_of(*value, scale); std::isfinite(loss))
          losses[units.at({one.at("prompt"), one.at("seed").dump()})][point] = loss;
    }
  const auto& effects = known.of(losses);
  const FamilyOptions options;
  const auto results = estimate_family(rows_over_pairs(effects, losses), options);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (effects[i].contrasts.empty()) continue;
    const EffectEstimate& result = results[i];
    json entry = entry_of(result, units.size(), family_of(results), options.level);
    entry["loss"] = result.n ? json(result.mean) : json();
    entry["unit"] = loss_unit(scale);
    entry["contexts"] = effects[i].contrasts.size();
    entry["interval"] = interval_of(result, [](double loss) { return loss; });
    estimates[i]["quality"][metric.at("name").get<std::string>()] = std::move(entry);
  }
}

void put_speed(json& estimates, const Design& design, Effects& known, const std::string& timing) {
  Table ratios;
  for (std::size_t point = 0; point < design.comparisons.size(); ++point)
    for (const auto& [block, ratio] :
         log_ratios(design.comparisons[point]->at("timed_samples"), timing)) {
      if (ratios.size() <= block)
        ratios.resize(block + 1, std::vector<double>(design.settings.size(), kNaN));
      ratios[block][point] = ratio;
    }
  if (ratios.empty()) return;
  const auto& effects = known.of(ratios);
  const FamilyOptions options;
  const auto results = estimate_family(rows_over_blocks(effects, ratios), options);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (effects[i].contrasts.empty()) continue;
    const EffectEstimate& result = results[i];
    const std::size_t contexts = effects[i].contrasts.size();
    json entry = entry_of(result, contexts * ratios.size(), family_of(results), options.level);
    entry["ratio"] = result.n ? json(std::exp(result.mean)) : json();
    entry["contexts"] = contexts;
    entry["interval"] = interval_of(result, [](double log) { return std::exp(log); });
    estimates[i]["speed"][timing] = std::move(entry);
  }
}

// Switch -> value -> {same_as, because}, from the proofs of engagement.
std::map<std::string, std::map<json, json>> equal_values(const Design& design) {
  std::map<std::string, std::map<json, json>> equal;
  for (const json* comparison : design.comparisons)
    for (const auto& [axis, proof] : comparison->at("engagement").items())
      if (proof.contains("same_as") && comparison->at("setting").contains(axis))
        equal[axis][proof.at("value")] = {{"same_as", proof.at("same_as")},
                                          {"because", proof.value("same_because", "")}};
  return equal;
}

std::string values_text(const std::string& axis, const std::vector<json>& values) {
  std::string text;
  for (const json& value : values)
    text += (text.empty() ? "" : " or ") + setting_label({{axis, value}});
  return text;
}

// What the design cannot tell, in words.
json confounded(const std::vector<Effect>& effects, const std::vector<json>& settings) {
  json list = json::array();
  for (const Effect& effect : effects) {
    if (effect.levels.size() != 1) continue;
    const std::string name = setting_label(effect.levels), off = setting_label(effect.off);
    json one = {{"levels", effect.levels}, {"only_with", json::object()}};
    if (effect.contrasts.empty()) {
      one["text"] =
          fmt::format("{} was never made beside {}: its effect cannot be told", name, off);
      list.push_back(one);
      continue;
    }
    std::string with;
    for (const auto& [axis, seen] : confounded_with(effect, settings)) {
      one["only_with"][axis] = seen;
      with += (with.empty() ? "" : " and ") + values_text(axis, seen);
    }
    if (with.empty()) continue;
    one["text"] = fmt::format(
        "{} was made beside {} only with {}: an interaction with other values of these cannot be "
        "told from its main effect",
        name, off, with);
    list.push_back(one);
  }
  return list;
}

json switches_entry(const Design& design) {
  json list = json::array();
  for (const Switch& one : design.switches)
    list.push_back({{"axis", one.axis}, {"off", one.off}, {"levels", one.levels}});
  return list;
}

json averaged_over(const Design& design, const json& axes) {
  json list = json::array();
  for (const json& axis : axes) {
    bool own = false;
    for (const Switch& one : design.switches) own = own || one.axis == axis.at("name");
    if (!own && axis.at("values").size() > 1) list.push_back(axis);
  }
  return list;
}

// The metric that the tables sort by; null where nothing was scored.
json headline(const json& metrics) {
  for (const char* wanted : {"lpips.alex", "ssim.gaussian"})
    for (const json& metric : metrics)
      if (metric.at("name") == wanted && !metric.contains("unavailable")) return wanted;
  for (const json& metric : metrics)
    if (!metric.contains("unavailable")) return metric.at("name");
  return nullptr;
}

}  // namespace

json effects_entry(const json& comparisons, const RunIndex& run) {
  const json& axes = run.files().plan.at("axes");
  const Design design = design_of(comparisons, axes);
  const FamilyOptions options;
  const auto effects = effects_of(design.switches, design.settings);
  const auto equal = equal_values(design);
  json estimates = json::array();
  for (const Effect& effect : effects) {
    json one = {{"levels", effect.levels},
                {"off", effect.off},
                {"contexts", effect.contrasts.size()},
                {"quality", json::object()},
                {"speed", json::object()}};
    if (effect.levels.size() == 1) {
      const auto& [axis, level] = *effect.levels.begin();
      if (const auto found = equal.find(axis);
          found != equal.end() && found->second.contains(level))
        one.update(found->second.at(level));
    }
    estimates.push_back(std::move(one));
  }
  Effects known(design);
  for (const json& metric : run.metrics()) put_quality(estimates, design, known, metric, run);
  for (const std::string& timing : timing_names()) put_speed(estimates, design, known, timing);
  return {{"level", options.level},
          {"method", "paired wild bootstrap-t (signs), largest |t| over the family"},
          {"family", "all main effects and interactions on one metric or timing"},
          {"resamples", options.resamples},
          {"seed", options.seed},
          {"units",
           "(prompt, seed) pairs that have all settings the effect needs; of timings the "
           "A B B A blocks of each context"},
          {"fewest_units", kFewestUnits},
          {"needed_formula",
           "n >= ((z(1 - (1 - level) / (2 m)) + z(0.8)) s / effect)^2: 80 % power, m effects in "
           "the family, s the spread from unit to unit"},
          {"headline", headline(run.metrics())},
          {"switches", switches_entry(design)},
          {"averaged_over", averaged_over(design, axes)},
          {"estimates", std::move(estimates)},
          {"confounded", confounded(effects, design.settings)}};
}

}  // namespace sameseed
