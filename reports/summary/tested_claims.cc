#include "reports/summary/tested_claims.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include "reports/run/labels.h"
#include "reports/run/loss_table.h"
#include "reports/statistics/factorial.h"
#include "reports/statistics/mean_test.h"
#include "reports/statistics/paired_bootstrap.h"
#include "reports/summary/claim_settings.h"
#include "reports/summary/summary.h"

namespace sameseed {
namespace {

constexpr const char* kHalf = "candidate.env.ONEFLOW_{}_ALLOW_HALF_PRECISION_ACCUMULATION";
constexpr const char* kDeepCacheAxis = "candidate.request.deepcache";
constexpr const char* kEnhanceAxis = "candidate.request.enhance";
constexpr const char* kApiAxis = "reference.env.TORCH_CUDNN_V8_API_DISABLED";
constexpr const char* kColour = "color.delta_e_mean";
constexpr double kNegligible = 0.25;  // of what is lost with all switches off
constexpr double kSeen = 1;           // mean ΔE that an eye may see
constexpr Interval kAboutFivePercent = {0.025, 0.075};

// As tables call it: "LPIPS".
std::string title_of(const std::string& metric) {
  for (const Column& column : table_columns())
    if (metric == column.metric) return column.title;
  return metric;
}

std::string half_axis(const char* what) { return fmt::format(fmt::runtime(kHalf), what); }

TestedClaim cannot(const std::string& claim, const OfModel& model, std::string because) {
  return {.claim = claim,
          .model = model.name,
          .of = {},
          .answer = kCannotBeTested,
          .because = std::move(because)};
}

// A claim that a mean is above 0.
TestedClaim is_positive(const std::string& claim, const OfModel& model,
                        const std::vector<double>& values, std::string of) {
  // Both ends at 2.5 %, so that the interval is one of 95 %.
  const StatisticTest test = test_mean(values, 0, {.alpha = 0.025});
  TestedClaim tested{.claim = claim, .model = model.name, .of = std::move(of)};
  if (test.n > 0) tested.value = test.estimate;
  if (test.low && test.high) tested.interval = Interval{*test.low, *test.high};
  tested.answer = !tested.interval            ? kNotShown
                  : tested.interval->low > 0  ? kHolds
                  : tested.interval->high < 0 ? kDoesNotHold
                                              : kNotShown;
  if (!tested.interval)
    tested.because = fmt::format("{} prompts; it takes {}", test.n, kFewestObservations);
  return tested;
}

// Why a switch's level shows nothing here; empty where it acted.
std::string inert_reason(const OfModel& model, const std::string& axis, const AxisValue& level) {
  for (const OfModel::Entry& entry : model.entries) {
    const Comparison& comparison = *entry.comparison;
    if (const auto asked = comparison.setting.find(axis);
        asked == comparison.setting.end() || asked->second != level)
      continue;
    if (comparison.status == "unsupported") return one_line(comparison.reason);
    const auto proof = comparison.engagement.find(axis);
    if (proof != comparison.engagement.end() && !proof->second.acted())
      return proof->second.evidence;
  }
  return "";
}

TestedClaim half_costs(const OfModel& model, const char* what, const char* of_what,
                       const std::string& headline) {
  const std::string claim = fmt::format("half accumulation {} costs quality", of_what),
                    axis = half_axis(what);
  const EffectOfSwitch* effect = model.effect(axis, "1");
  if (!effect || effect->contexts == 0)
    return cannot(claim, model, "the run does not hold it on beside off");
  if (const std::string why = inert_reason(model, axis, "1"); !why.empty())
    return cannot(claim, model, why);
  const auto found = effect->quality.find(headline);
  if (found == effect->quality.end() || !found->second.has_value())
    return cannot(claim, model, "its pictures have no scores");
  const EffectOn& on = found->second;
  const ByContext off = model.with({}), with = model.with({{axis, "1"}});
  const std::optional<double> of_off = mean_of(off, with, headline);
  TestedClaim tested{.claim = claim,
                     .model = model.name,
                     .value = on.estimate.value,
                     .interval = on.estimate.interval,
                     .of = "more " + title_of(headline) + " than off"};
  if (const auto colour = mean_of(with, off, kColour))
    tested.because =
        fmt::format("mean ΔE {:.2g} from the reference, where {:g} may be seen", *colour, kSeen);
  const auto add = [&](const std::string& reason) {
    tested.because += (tested.because.empty() ? "" : "; ") + reason;
  };
  tested.answer = on.verdict == "costs" ? kHolds : on.verdict == "buys" ? kDoesNotHold : kNotShown;
  if (tested.answer != kNotShown) return tested;
  const double bound = kNegligible * of_off.value_or(0);
  if (tested.interval && tested.interval->high <= bound) {
    tested.answer = kDoesNotHold;
    add(fmt::format("at most a quarter of the {:.3g} with all switches off", of_off.value_or(0)));
  } else if (on.needed) {
    add(fmt::format("{:.0f} prompts would show a cost of this size", *on.needed));
  }
  return tested;
}

bool is_cpu(const Summary& summary, const Comparison& comparison) {
  const auto worker = summary.workers.find(comparison.candidate.environment);
  if (worker == summary.workers.end()) return false;
  const nlohmann::json load = worker->second.value("load", nlohmann::json::object());
  return load.is_object() &&
         load.value("effective", nlohmann::json::object()).value("device", "") == "cpu";
}

TestedClaim off_costs_time(const OfModel& model, const Summary& summary) {
  const std::string claim = "switching half accumulation off costs about 5 % of the time";
  const ByContext found =
      model.with({{half_axis("CONV"), "1"}, {half_axis("MATMUL"), "1"}}, "switches_off");
  if (found.empty()) return cannot(claim, model, "no setting has both on, and nothing else");
  if (is_cpu(summary, *found.begin()->second))
    return cannot(claim, model, "on a CPU, times only describe the simulation");
  const auto timed = std::ranges::find_if(found, [](const auto& one) {
    const TimingStatistics* total = one.second->speed.timing("total_ms");
    return total && total->ratio && total->ratio->interval;
  });
  if (timed == found.end()) return cannot(claim, model, "too few timed blocks");
  const TimingStatistics* total = timed->second->speed.timing("total_ms");
  const Interval& on = *total->ratio->interval;  // of on over off
  TestedClaim tested{.claim = claim,
                     .model = model.name,
                     .value = 1 / total->ratio->value - 1,
                     .interval = Interval{1 / on.high - 1, 1 / on.low - 1},
                     .of = "more time when off"};
  const auto& [low, high] = *tested.interval;
  tested.answer = low >= kAboutFivePercent.low && high <= kAboutFivePercent.high ? kHolds
                  : high < kAboutFivePercent.low || low > kAboutFivePercent.high ? kDoesNotHold
                                                                                 : kNotShown;
  tested.because = "about 5 %: from 2.5 to 7.5 %";
  if (found.size() > 1) tested.because += "; with " + setting_label(timed->first);
  return tested;
}

TestedClaim apis_differ(const OfModel& model, const Summary& summary) {
  const std::string claim = "cuDNN's v7 and v8 differ slightly, but visibly";
  if (const std::string why = inert_reason(model, kApiAxis, "1"); !why.empty())
    return cannot(claim, model, why);
  const ReportMetric* colour = summary.metric(kColour);
  MeansOfPairs apart;
  bool any = false;
  for (const FloorRow* row : model.floor) {
    if (row->kind != "cuDNN v8 and v7") continue;
    if (!row->reason.empty()) return cannot(claim, model, row->reason);
    any = true;
    for (const ScoredPair& scored : row->cases)
      if (const auto value = scored.value(kColour)) apart.add(scored.pair, *value);
  }
  if (!any) return cannot(claim, model, "no floor of the two was measured (--floor)");
  if (!colour || !colour->available()) return cannot(claim, model, "colours were not scored");
  std::vector<double> beyond = apart.of_prompts();
  for (double& value : beyond) value -= kSeen;
  TestedClaim tested = is_positive(claim, model, beyond, "mean ΔE, and 1 may be seen");
  if (tested.value) *tested.value += kSeen;
  if (tested.interval)
    tested.interval = Interval{tested.interval->low + kSeen, tested.interval->high + kSeen};
  return tested;
}

// "3/0/0" and "3/branch:1" -> 3; 0: off.
int interval_of_deepcache(const AxisValue& value) {
  const std::string text = value.is_string() ? value.get<std::string>() : "";
  return text.empty() ? 0 : std::atoi(text.c_str());
}

// Of several values with one interval the one that the matrix names first.
void deepcache_loses(const OfModel& model, const Summary& summary,
                     std::vector<TestedClaim>& tested) {
  const char *lossy = "DeepCache is lossy", *weaker_is = "DeepCache loses less the weaker it is";
  const ReportMetric* metric = summary.metric(summary.effects.headline.value_or(""));
  const ByContext off = model.with({});
  std::map<int, AxisValue> by_interval;
  for (const SweepSwitch& own : switches_of(summary.axes))
    for (const AxisValue& value : own.levels)
      if (own.axis == kDeepCacheAxis && share_context(model.with({{own.axis, value}}), off))
        by_interval.emplace(interval_of_deepcache(value), value);
  if (by_interval.empty() || !metric) {
    tested.push_back(cannot(lossy, model, "the run has none beside switches off"));
    return;
  }
  const auto at = [&](int interval) {
    return model.with({{kDeepCacheAxis, by_interval.at(interval)}});
  };
  const int weakest = by_interval.begin()->first;
  tested.push_back(
      is_positive(lossy, model, differences(at(weakest), off, *metric),
                  fmt::format("more {} than off at interval {}", title_of(metric->name), weakest)));
  for (auto one = std::next(by_interval.begin()); one != by_interval.end(); ++one) {
    const int weaker = std::prev(one)->first, stronger = one->first;
    if (!share_context(at(stronger), at(weaker)))
      tested.push_back(cannot(weaker_is, model,
                              fmt::format("intervals {} and {} differ in other axes too in each "
                                          "of their settings",
                                          stronger, weaker)));
    else
      tested.push_back(is_positive(weaker_is, model, differences(at(stronger), at(weaker), *metric),
                                   fmt::format("more {} at interval {} than at {}",
                                               title_of(metric->name), stronger, weaker)));
  }
}

TestedClaim model_is_more_sensitive(const Sensitivity& sensitivity) {
  const std::string a = sensitivity.models[0].model, b = sensitivity.models[1].model;
  TestedClaim tested{.claim = fmt::format("{} is more sensitive than {}", a, b),
                     .model = {},
                     .of = {},
                     .answer = kNotShown};
  std::vector<std::string> for_a, for_b, equal, open;
  for (const SensitivityRow& row : sensitivity.rows) {
    if (row.a != a || row.b != b || row.levels.empty()) continue;
    const auto on = row.by_metric.find(sensitivity.headline.value_or(""));
    if (on == row.by_metric.end()) continue;
    const std::string& answer = on->second.answer;
    (answer == a + " more sensitive"       ? for_a
     : answer == b + " more sensitive"     ? for_b
     : answer == "equal within the margin" ? equal
                                           : open)
        .push_back(setting_label(row.levels));
  }
  tested.answer = !for_a.empty() && for_b.empty() ? kHolds
                  : !for_b.empty() || (for_a.empty() && open.empty() && !equal.empty())
                      ? kDoesNotHold
                      : kNotShown;
  std::vector<std::string> parts;
  for (const auto& [words, labels] : {std::pair{a + " more: ", &for_a},
                                      {b + " more: ", &for_b},
                                      {std::string("equal: "), &equal},
                                      {std::string("not shown: "), &open}})
    if (!labels->empty()) parts.push_back(words + listed(*labels, 6));
  tested.because = fmt::format("{}", fmt::join(parts, "; "));
  return tested;
}

// All half accumulation on, and the strongest DeepCache of the run beside it; empty where no
// setting has them.
Setting speed_first(const OfModel& model) {
  Setting found;
  int strongest = 0;
  for (const OfModel::Entry& entry : model.entries) {
    if (!entry.comparison->is_against_reference() || !entry.on.contains(kDeepCacheAxis)) continue;
    const int interval = interval_of_deepcache(entry.on.at(kDeepCacheAxis));
    if (entry.on.contains(half_axis("CONV")) && entry.on.contains(half_axis("MATMUL")) &&
        !entry.on.contains(kEnhanceAxis) && interval > strongest) {
      strongest = interval;
      found = entry.on;
    }
  }
  return found;
}

// The same setting, enhanced.
ByContext enhanced_beside(const OfModel& model, const Setting& setting) {
  for (const OfModel::Entry& entry : model.entries) {
    Setting without = entry.on;
    if (without.erase(kEnhanceAxis) > 0 && without == setting) return model.with(entry.on);
  }
  return {};
}

// The reference's cuDNN is one of the things that are advised: where a context has both APIs, the
// comparison with v7 or that with v8 stands for it.
ByContext with_api(const ByContext& comparisons, bool v7) {
  ByContext found;
  for (const auto& [context, comparison] : comparisons) {
    Setting rest = context;
    const auto api = rest.find(kApiAxis);
    const bool is_v7 = api != rest.end() && api->second == "1";
    if (api != rest.end()) rest.erase(api);
    if (is_v7 == v7)
      found[rest] = comparison;
    else
      found.emplace(rest, comparison);
  }
  return found;
}

void quality_first_is_better(const OfModel& model, const Summary& summary,
                             std::vector<TestedClaim>& tested) {
  const std::string claim = "the setting advised for quality is better than the one for speed",
                    back = "post-processing gives some of it back";
  const ReportMetric* metric = summary.metric(summary.effects.headline.value_or(""));
  const Setting fast = speed_first(model);
  const ByContext quality = with_api(model.with({}), true),
                  speed = fast.empty() ? ByContext() : with_api(model.with(fast), false),
                  enhanced =
                      fast.empty() ? ByContext() : with_api(enhanced_beside(model, fast), false);
  if (!share_context(quality, speed) || !metric)
    tested.push_back(cannot(claim, model, "the run does not hold both"));
  else
    tested.push_back(is_positive(claim, model, differences(speed, quality, *metric),
                                 "more " + title_of(metric->name) + " for speed"));
  if (!share_context(enhanced, speed) || !metric)
    tested.push_back(cannot(back, model, "the run does not hold the setting with it"));
  else
    tested.push_back(is_positive(back, model, differences(speed, enhanced, *metric),
                                 "less " + title_of(metric->name) + " with it"));
}

}  // namespace

std::vector<TestedClaim> tested_claims(const Summary& summary) {
  const std::string headline = summary.effects.headline.value_or("");
  std::vector<TestedClaim> tested;
  const std::vector<OfModel> models = models_of(summary);
  for (const auto& [what, of_what] : {std::pair{"CONV", "of convolutions"},
                                      {"MATMUL", "of products"},
                                      {"ATTENTION", "of attention"}})
    for (const OfModel& model : models)
      tested.push_back(half_costs(model, what, of_what, headline));
  for (const OfModel& model : models) tested.push_back(off_costs_time(model, summary));
  for (const OfModel& model : models) tested.push_back(apis_differ(model, summary));
  for (const OfModel& model : models) deepcache_loses(model, summary, tested);
  if (summary.sensitivity && summary.sensitivity->models.size() > 1)
    tested.push_back(model_is_more_sensitive(*summary.sensitivity));
  for (const OfModel& model : models) quality_first_is_better(model, summary, tested);
  std::map<std::string, std::size_t> order;  // a claim's rows together
  for (const TestedClaim& one : tested) order.emplace(one.claim, order.size());
  std::ranges::stable_sort(tested, {}, [&](const TestedClaim& one) { return order.at(one.claim); });
  return tested;
}

}  // namespace sameseed
