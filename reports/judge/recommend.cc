#include "reports/judge/recommend.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "io/error.h"
#include "io/nearest.h"
#include "reports/run/labels.h"
#include "reports/run/loss_table.h"
#include "reports/statistics/fewest_blocks.h"
#include "reports/statistics/paired_bootstrap.h"
#include "reports/statistics/tail_bound.h"
#include "reports/summary/labels.h"
#include "reports/summary/time_floor.h"

namespace sameseed {
namespace {

constexpr double kConfidence = 0.95;
constexpr std::size_t kMostPassedOver = 10;  // listed

// The metric, where it can be bounded this way.
const ReportMetric& metric_of(const QualityBound& bound, const Summary& summary) {
  if (const ReportMetric* metric = summary.metric(bound.metric)) {
    const Direction wanted = bound.at_most ? Direction::kLower : Direction::kHigher;
    if (metric->better == wanted) return *metric;
    throw UserError(fmt::format("--{} {}: {} is better where it is {}; {}",
                                bound.at_most ? "at-most" : "at-least", bound.metric, bound.metric,
                                name_of(metric->better),
                                metric->better == Direction::kNearer ? "bound another metric"
                                : bound.at_most                      ? "use --at-least"
                                                                     : "use --at-most"));
  }
  if (summary.metrics.empty())
    throw UserError("the run was not scored; run `sameseed score` first");
  std::vector<std::string> known;
  for (const ReportMetric& metric : summary.metrics) known.push_back(metric.name);
  throw UserError(
      fmt::format("the run has no metric \"{}\"; {}", bound.metric, hint_for(bound.metric, known)));
}

// A row a comparison, a column a prompt: the mean loss of its seeds; NaN without a score.
std::vector<std::vector<double>> losses_of(const std::vector<const Comparison*>& comparisons,
                                           const ReportMetric& metric) {
  std::vector<const std::vector<ScoredPair>*> columns;
  for (const Comparison* comparison : comparisons) columns.push_back(&comparison->pairs);
  const LossTable table = loss_table(metric, columns);
  std::vector<std::vector<double>> rows;
  for (std::size_t i = 0; i < columns.size(); ++i) rows.push_back(table.column(i));
  return over_prompts(rows, table.pairs);
}

// The times of settings, held together.
void add_times(const std::vector<const Comparison*>& comparisons,
               const std::vector<Recommendable*>& settings) {
  std::vector<SparseRow> rows;
  std::vector<Recommendable*> timed;
  std::vector<double> timed_ms;
  std::size_t observations = 0;
  for (std::size_t i = 0; i < comparisons.size(); ++i) {
    if (const TimingStatistics* total = comparisons[i]->speed.timing("total_ms"))
      settings[i]->itself = total->itself;
    SparseRow row;  // every block is an observation of its own
    for (const auto& [block, ratio] : log_ratios(comparisons[i]->speed.samples, "total_ms"))
      row.emplace_back(observations++, ratio);
    settings[i]->blocks = row.size();
    if (row.size() < kFewestBlocks) continue;
    rows.push_back(std::move(row));
    timed.push_back(settings[i]);
    timed_ms.push_back(comparisons[i]->speed.timing("total_ms")->candidate.mean.value);
  }
  const auto estimates = estimate_family(rows, observations, {.confidence = kConfidence});
  for (std::size_t i = 0; i < timed.size(); ++i) {
    timed[i]->ratio = std::exp(estimates[i].mean);
    timed[i]->ms = timed_ms[i];
    if (const auto half = estimates[i].half_width)
      timed[i]->interval = {std::exp(estimates[i].mean - *half),
                            std::exp(estimates[i].mean + *half)};
  }
}

// Why a setting cannot be taken, whatever its scores; empty where it can.
std::string disqualified(const Comparison& comparison) {
  if (comparison.status != "ok")
    return fmt::format("{}: {}", comparison.status, one_line(comparison.reason));
  if (!comparison.broken.empty()) return "has broken pictures";
  if (engaged_label(comparison) == "NO") return "a switch did not act";
  return "";
}

struct Measured {
  double estimate = 0;
  std::optional<double> upper;  // loss
  std::size_t n = 0;
};

// `losses` as losses_of() has them.
std::vector<Measured> measure(const QualityBound& bound,
                              const std::vector<std::vector<double>>& losses, std::size_t bounds) {
  const double confidence = 1 - (1 - kConfidence) / static_cast<double>(bounds);
  std::vector<Measured> measured;
  if (bound.statistic == "mean") {
    for (const EffectEstimate& estimate : estimate_family(losses, {.confidence = confidence})) {
      Measured entry{.estimate = estimate.mean, .upper = std::nullopt, .n = estimate.n};
      if (estimate.half_width) entry.upper = estimate.mean + *estimate.half_width;
      measured.push_back(entry);
    }
    return measured;
  }
  for (std::vector<double> setting_losses : losses) {
    std::erase_if(setting_losses, [](double loss) { return std::isnan(loss); });
    Measured entry{
        .estimate = worst5_of(setting_losses), .upper = std::nullopt, .n = setting_losses.size()};
    entry.upper = worst5_bound(setting_losses, {.confidence = confidence, .family = losses.size()});
    if (entry.upper) entry.upper = std::max(*entry.upper, entry.estimate);
    measured.push_back(entry);
  }
  return measured;
}

// What was found of one bound; notes it in the setting.
void note(const QualityBound& bound, const ReportMetric& metric, const Measured& found,
          Recommendable& setting) {
  const double limit = metric.loss(bound.value);
  const bool seems = found.n > 0 && found.estimate <= limit;
  const bool holds = seems && found.upper && *found.upper <= limit;
  const std::string name = bound.metric + " " + bound.statistic;
  if (found.n == 0) {
    setting.reasons.push_back(name + ": no pair has a score");
    setting.unjudged = std::max(setting.unjudged, 5);
  } else {
    setting.reasons.push_back(fmt::format(
        "{} {:.4g} over {} prompts, {}: {}", name, metric.of_loss(found.estimate), found.n,
        found.upper ? fmt::format("{} {:.4g} with {:.0f} % confidence",
                                  bound.at_most ? "at most" : "at least",
                                  metric.of_loss(*found.upper), 100 * kConfidence)
                    : fmt::format("no bound from {} prompts", found.n),
        holds   ? "holds"
        : seems ? "not sure to hold"
                : "does not hold"));
  }
  setting.holds = setting.holds && holds;
  setting.seems_to_hold = setting.seems_to_hold && seems;
}

bool is_deepcache(const std::string& axis) { return axis.ends_with(".request.deepcache"); }

// "# DeepCache: ..." and what a script reads.
std::string deepcache_lines(const AxisValue& value) {
  if (!value.is_string()) return "# DeepCache: off\nunset SAMESEED_DEEPCACHE\n";
  const std::string text = value;
  int interval = 0, layer = 0, block = 0;
  if (std::sscanf(text.c_str(), "%d/%d/%d", &interval, &layer, &block) == 3)
    return fmt::format(
        "# DeepCache, as onediffx takes it: cache_interval={}, cache_layer_id={}, "
        "cache_block_id={}\nexport SAMESEED_DEEPCACHE={}\n",
        interval, layer, block, quoted(text));
  return fmt::format(
      "# DeepCache by branch, which onediffx does not take\nexport SAMESEED_DEEPCACHE={}\n",
      quoted(text));
}

std::string lines_of(const Setting& setting) {
  std::string variables, rest;
  for (const auto& [axis, value] : setting) {
    if (axis.starts_with("reference.")) continue;  // the other side's
    const std::string bare = without_arm(axis);
    if (bare.starts_with("env."))
      variables += value.is_null() ? fmt::format("unset {}\n", bare.substr(4))
                                   : fmt::format("export {}={}\n", bare.substr(4),
                                                 quoted(value_label(axis, value)));
    else if (axis == kModelsAxis)
      rest += fmt::format("export SAMESEED_MODEL={}\n", quoted(value_label(axis, value)));
    else if (is_deepcache(axis))
      rest += deepcache_lines(value);
    else
      rest += fmt::format("# and {} = {}\n", bare, one_line(value.dump()));
  }
  return variables + rest;
}

// "time 0.8 of the reference's [0.79, 0.81]", and what it shows.
std::string time_of(const Recommendable& setting) {
  if (setting.ratio == 0) return "time: " + too_few_blocks(setting.blocks);
  std::string text = fmt::format("time {:.3g} of the reference's", setting.ratio);
  if (setting.interval)
    text += fmt::format(" [{:.3g}, {:.3g}]{}", setting.interval->low, setting.interval->high,
                        setting.is_faster() ? "" : ": not shown to be faster");
  if (setting.itself) text += "; the reference against itself " + told(*setting.itself);
  return text;
}

std::string reasons_of(const Recommendable& setting) {
  std::string text;
  for (const std::string& reason : setting.reasons) text += "#   " + one_line(reason) + "\n";
  return text;
}

// Null where models are no axis.
AxisValue model_of(const Setting& setting) {
  const auto found = setting.find(kModelsAxis);
  return found == setting.end() ? AxisValue() : found->second;
}

// The fastest setting that holds of each other model.
std::string other_models(const Recommendable& chosen, const std::vector<Recommendable>& all) {
  std::string text;
  std::set<AxisValue> seen = {model_of(chosen.setting)};
  for (const Recommendable& other : all)
    if (other.holds && other.is_faster() && seen.insert(model_of(other.setting)).second)
      text += fmt::format("# another model: {}, {:.4g} ms against {:.4g} ms, as measured\n",
                          one_line(setting_label(other.setting)), other.ms, chosen.ms);
  return text;
}

// A line of the settings that hold, too, and whose interval reaches into that of the chosen one.
std::string equally_fast(const Recommendable& chosen, const std::vector<Recommendable>& all) {
  std::vector<std::string> labels;
  for (const Recommendable& other : all)
    if (&other != &chosen && other.holds && other.interval &&
        model_of(other.setting) == model_of(chosen.setting) &&
        other.interval->low <= chosen.interval->high &&
        chosen.interval->low <= other.interval->high)
      labels.push_back(one_line(setting_label(other.setting)));
  if (labels.empty()) return "";
  return fmt::format("# cannot be told from it by time: {}\n", fmt::join(labels, "; "));
}

// Comments: a title and the first settings of a list.
std::string list_of(const std::string& title, const std::vector<Recommendable>& settings) {
  std::string text = "# " + title + "\n";
  for (std::size_t i = 0; i < settings.size() && i < kMostPassedOver; ++i)
    text += fmt::format("# {}, {}\n{}", one_line(setting_label(settings[i].setting)),
                        time_of(settings[i]), reasons_of(settings[i]));
  if (settings.size() > kMostPassedOver)
    text += fmt::format("# and {} more\n", settings.size() - kMostPassedOver);
  return text;
}

// Where no setting can be taken: why, and the settings.
Recommendation none_of(const std::vector<Recommendable>& fastest_first) {
  std::vector<Recommendable> holding, others;
  for (const Recommendable& setting : fastest_first)
    (setting.holds ? holding : others).push_back(setting);
  const auto any = [&](auto condition) { return std::ranges::any_of(others, condition); };
  if (!holding.empty()) {
    std::string text = list_of(
        "None is shown to be faster than the reference. Their quality holds, fastest first:",
        holding);
    if (!others.empty())
      text += list_of("The quality of these does not hold, or is not sure to:", others);
    return {text, 5};
  }
  if (any([](const Recommendable& one) { return one.seems_to_hold; }))
    return {
        list_of("No setting holds with confidence; more prompts may tell. Fastest first:", others),
        5};
  if (any([](const Recommendable& one) { return one.unjudged == 7; }))
    return {list_of("No setting holds, and pairs are missing. Fastest first:", others), 7};
  if (any([](const Recommendable& one) { return one.unjudged == 5; }))
    return {list_of("Nothing was scored that could hold. Fastest first:", others), 5};
  return {list_of("No setting holds. Fastest first:", others), 2};
}

}  // namespace

QualityBound parse_quality_bound(const std::string& text, bool at_most) {
  const std::string wanted =
      "must be METRIC.STATISTIC=NUMBER, such as lpips.alex.worst5=0.1, not " + text;
  const std::size_t equals = text.find('='), dot = text.rfind('.', equals);
  if (equals == std::string::npos || dot == std::string::npos || dot == 0) throw UserError(wanted);
  QualityBound bound{.metric = text.substr(0, dot),
                     .statistic = text.substr(dot + 1, equals - dot - 1),
                     .at_most = at_most};
  const char *begin = text.data() + equals + 1, *end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, bound.value);
  if (error != std::errc() || stop != end || !std::isfinite(bound.value)) throw UserError(wanted);
  if (bound.statistic == "worst")
    throw UserError(text + ": no number of pairs bounds the worst one to come; use worst5");
  if (bound.statistic != "mean" && bound.statistic != "worst5")
    throw UserError(
        fmt::format("{}: the statistic must be mean or worst5, not {}", text, bound.statistic));
  return bound;
}

std::vector<Recommendable> recommendable(const Summary& summary,
                                         const std::vector<QualityBound>& bounds) {
  std::vector<Recommendable> all;
  std::vector<const Comparison*> able, others;
  std::vector<std::size_t> places, other_places;  // of these in `all`
  for (const Comparison& comparison : summary.comparisons) {
    if (!comparison.is_against_reference()) continue;
    Recommendable setting{.setting = comparison.setting};
    if (const std::string why = disqualified(comparison); !why.empty()) {
      setting.reasons.push_back(why);
      if (comparison.status != "ok" && comparison.status != "unsupported") setting.unjudged = 7;
      others.push_back(&comparison);
      other_places.push_back(all.size());
    } else {
      setting.holds = setting.seems_to_hold = true;
      able.push_back(&comparison);
      places.push_back(all.size());
    }
    all.push_back(std::move(setting));
  }
  const auto settings_at = [&](const std::vector<std::size_t>& wanted) {
    std::vector<Recommendable*> settings;
    for (const std::size_t place : wanted) settings.push_back(&all[place]);
    return settings;
  };
  add_times(able, settings_at(places));
  add_times(others, settings_at(other_places));  // nobody chooses among these
  for (const QualityBound& bound : bounds) {
    const ReportMetric& metric = metric_of(bound, summary);
    const std::vector<Measured> found = measure(bound, losses_of(able, metric), bounds.size());
    for (std::size_t i = 0; i < able.size(); ++i) note(bound, metric, found[i], all[places[i]]);
  }
  std::ranges::stable_sort(all, {}, [](const Recommendable& setting) {
    const double time = model_of(setting.setting).is_null() ? setting.ratio : setting.ms;
    return time > 0 ? time : std::numeric_limits<double>::infinity();
  });
  return all;
}

Recommendation recommend(const std::vector<Recommendable>& fastest_first,
                         const std::string& command) {
  const auto chosen = std::ranges::find_if(fastest_first, [](const Recommendable& setting) {
    return setting.holds && setting.is_faster();
  });
  Recommendation result;
  if (chosen == fastest_first.end()) {
    result = none_of(fastest_first);
  } else {
    result.environment_file =
        fmt::format("# {}\n# {}\n{}{}{}{}", one_line(setting_label(chosen->setting)),
                    time_of(*chosen), reasons_of(*chosen), equally_fast(*chosen, fastest_first),
                    other_models(*chosen, fastest_first), lines_of(chosen->setting));
    if (chosen != fastest_first.begin())
      result.environment_file +=
          list_of("Passed over, though faster as measured:", {fastest_first.begin(), chosen});
  }
  result.environment_file = "# " + one_line(command) + "\n" + result.environment_file;
  return result;
}

}  // namespace sameseed
