#include "reports/judge/recommend.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "io/error.h"
#include "io/nearest.h"
#include "reports/run/labels.h"
#include "reports/statistics/paired_bootstrap.h"
#include "reports/statistics/tail_bound.h"
#include "reports/summary/labels.h"

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
  throw UserError(fmt::format("the run has no metric \"{}\"; did you mean \"{}\"?", bound.metric,
                              nearest(bound.metric, known)));
}

// The losses of a comparison's pairs, in their order; NaN where a pair has no score.
std::vector<double> losses_of(const std::vector<ScoredPair>& pairs, const ReportMetric& metric) {
  std::vector<double> losses;
  for (const ScoredPair& scored : pairs) {
    const auto value = scored.value(metric.name);
    losses.push_back(value ? metric.loss(*value) : std::numeric_limits<double>::quiet_NaN());
  }
  return losses;
}

// Why a setting cannot be taken, whatever its scores; empty where it can.
std::string disqualified(const Comparison& comparison) {
  if (comparison.status != "ok")
    return fmt::format("{}: {}", comparison.status, one_line(comparison.reason));
  if (!comparison.broken.empty()) return "has broken pictures";
  if (engaged_label(comparison) == "NO") return "a switch did not act";
  const TimingStatistics* time = comparison.speed.timing("total_ms");
  if (!time || time->ratio.n == 0) return "was not timed in whole blocks";
  return "";
}

struct Measured {
  double estimate = 0;
  std::optional<double> upper;  // loss
  std::size_t n = 0;
};

// Pairs are matched by their place: all comparisons with the reference list the same requests.
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
  if (found.n == 0)
    setting.reasons.push_back(name + ": no pair has a score");
  else
    setting.reasons.push_back(fmt::format(
        "{} {:.4g} over {} pairs, {}: {}", name, metric.of_loss(found.estimate), found.n,
        found.upper ? fmt::format("{} {:.4g} with {:.0f} % confidence",
                                  bound.at_most ? "at most" : "at least",
                                  metric.of_loss(*found.upper), 100 * kConfidence)
                    : fmt::format("no bound from {} pairs", found.n),
        holds   ? "holds"
        : seems ? "not sure to hold"
                : "does not hold"));
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
    else if (is_deepcache(axis))
      rest += deepcache_lines(value);
    else
      rest += fmt::format("# and {} = {}\n", bare, one_line(value.dump()));
  }
  return variables + rest;
}

std::string reasons_of(const Recommendable& setting) {
  std::string text;
  for (const std::string& reason : setting.reasons) text += "#   " + one_line(reason) + "\n";
  return text;
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
  std::vector<const Comparison*> able;
  std::vector<std::size_t> places;  // of these in `all`
  for (const Comparison& comparison : summary.comparisons) {
    if (!comparison.is_against_reference()) continue;
    Recommendable setting{.setting = comparison.setting};
    if (const TimingStatistics* time = comparison.speed.timing("total_ms")) {
      if (time->ratio.n > 0) setting.ratio = time->ratio.value;
      setting.interval = time->ratio.interval;
    }
    if (const std::string why = disqualified(comparison); !why.empty()) {
      setting.reasons.push_back(why);
    } else {
      setting.holds = setting.seems_to_hold = true;
      able.push_back(&comparison);
      places.push_back(all.size());
    }
    all.push_back(std::move(setting));
  }
  for (const QualityBound& bound : bounds) {
    const ReportMetric& metric = metric_of(bound, summary);
    std::vector<std::vector<double>> losses;
    for (const Comparison* comparison : able)
      losses.push_back(losses_of(comparison->pairs, metric));
    const std::vector<Measured> found = measure(bound, losses, bounds.size());
    for (std::size_t i = 0; i < able.size(); ++i) note(bound, metric, found[i], all[places[i]]);
  }
  std::ranges::stable_sort(all, {}, [](const Recommendable& setting) {
    return setting.ratio > 0 ? setting.ratio : std::numeric_limits<double>::infinity();
  });
  return all;
}

Recommendation recommend(const std::vector<Recommendable>& fastest_first,
                         const std::string& command) {
  Recommendation result;
  std::string& text = result.environment_file;
  text = "# " + one_line(command) + "\n";
  const auto chosen = std::find_if(fastest_first.begin(), fastest_first.end(),
                                   [](const Recommendable& setting) { return setting.holds; });
  if (chosen == fastest_first.end()) {
    const bool seems =
        std::any_of(fastest_first.begin(), fastest_first.end(),
                    [](const Recommendable& setting) { return setting.seems_to_hold; });
    result.code = seems ? 5 : 2;
    text += seems ? "# No setting holds with confidence; more pairs may tell. Fastest first:\n"
                  : "# No setting holds. Fastest first:\n";
  } else {
    text += fmt::format(
        "# {}\n# time {:.3g} of the reference's{}{}\n{}", one_line(setting_label(chosen->setting)),
        chosen->ratio,
        chosen->interval
            ? fmt::format(" [{:.3g}, {:.3g}]", chosen->interval->low, chosen->interval->high)
            : ", from too few blocks for an interval",
        chosen->ratio < 1 ? "" : ": no faster than the reference", reasons_of(*chosen));
    text += lines_of(chosen->setting);
    if (chosen != fastest_first.begin()) text += "# Faster, and passed over:\n";
  }
  std::size_t listed = 0;
  for (auto passed = fastest_first.begin(); passed != chosen && listed < kMostPassedOver;
       ++passed, ++listed)
    text += fmt::format("# {}{}\n{}", one_line(setting_label(passed->setting)),
                        passed->ratio > 0 ? fmt::format(", time {:.3g}", passed->ratio) : "",
                        reasons_of(*passed));
  const auto passed_over = static_cast<std::size_t>(chosen - fastest_first.begin());
  if (passed_over > listed) text += fmt::format("# and {} more\n", passed_over - listed);
  return result;
}

}  // namespace sameseed
