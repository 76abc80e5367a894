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
#include "reports/run/run_index.h"
#include "reports/statistics/loss.h"
#include "reports/statistics/paired_bootstrap.h"
#include "reports/statistics/tail_bound.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr double kConfidence = 0.95;
constexpr std::size_t kMostPassedOver = 10;  // listed

// The report's entry of a metric that can be bounded this way.
const json& metric_of(const QualityBound& bound, const json& summary) {
  std::vector<std::string> known;
  for (const json& metric : summary.at("metrics")) {
    if (metric.at("name") == bound.metric) {
      const char* wanted = bound.at_most ? "lower" : "higher";
      if (metric.at("better") == wanted) return metric;
      throw UserError(fmt::format("--{} {}: {} is better where it is {}; {}",
                                  bound.at_most ? "at-most" : "at-least", bound.metric,
                                  bound.metric, metric.at("better").get<std::string>(),
                                  metric.at("better") == "nearer" ? "bound another metric"
                                  : bound.at_most                 ? "use --at-least"
                                                                  : "use --at-most"));
    }
    known.push_back(metric.at("name"));
  }
  if (known.empty()) throw UserError("the run was not scored; run `sameseed score` first");
  throw UserError(fmt::format("the run has no metric \"{}\"; did you mean \"{}\"?", bound.metric,
                              nearest(bound.metric, known)));
}

// A loss as the metric's own number.
double shown(double loss, const Scale& scale) {
  if (scale.unit == "dB") return 10 * std::log10(255.0 * 255.0 / loss);
  return scale.better == "higher" ? scale.identical - loss : scale.identical + loss;
}

// The losses of a comparison's pairs, in their order; NaN where a pair has no score.
std::vector<double> losses_of(const json& comparison, const std::string& metric, const Scale& scale,
                              const RunIndex& run) {
  std::vector<double> losses;
  for (const json& pair : comparison.at("cases")) {
    const auto value = run.score(pair.at("candidate"), pair.at("reference"), metric);
    losses.push_back(value ? loss_of(*value, scale) : std::numeric_limits<double>::quiet_NaN());
  }
  return losses;
}

// Why a setting cannot be taken, whatever its scores; empty where it can.
std::string disqualified(const json& comparison) {
  if (comparison.at("status") != "ok")
    return fmt::format("{}: {}", comparison.at("status").get<std::string>(),
                       one_line(comparison.at("reason")));
  if (!comparison.at("broken").empty()) return "has broken pictures";
  if (engaged_label(comparison) == "NO") return "a switch did not act";
  if (!comparison.at("speed").value("total_ms", json::object()).value("ratio", json()).is_number())
    return "was not timed in whole blocks";
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
  const double level = 1 - (1 - kConfidence) / static_cast<double>(bounds);
  std::vector<Measured> measured;
  if (bound.statistic == "mean") {
    for (const EffectEstimate& one : estimate_family(losses, {.level = level})) {
      Measured entry{.estimate = one.mean, .upper = std::nullopt, .n = one.n};
      if (one.half_width) entry.upper = one.mean + *one.half_width;
      measured.push_back(entry);
    }
    return measured;
  }
  for (std::vector<double> one : losses) {
    std::erase_if(one, [](double loss) { return std::isnan(loss); });
    Measured entry{.estimate = worst5_of(one), .upper = std::nullopt, .n = one.size()};
    entry.upper = worst5_bound(one, {.confidence = level, .family = losses.size()});
    if (entry.upper) entry.upper = std::max(*entry.upper, entry.estimate);
    measured.push_back(entry);
  }
  return measured;
}

// What was found of one bound; notes it in the candidate.
void hold(const QualityBound& bound, const Scale& scale, const Measured& found, Candidate& one) {
  const double limit = loss_of(bound.value, scale);
  const bool seems = found.n > 0 && found.estimate <= limit;
  const bool holds = seems && found.upper && *found.upper <= limit;
  const std::string name = bound.metric + " " + bound.statistic;
  if (found.n == 0)
    one.reasons.push_back(name + ": no pair has a score");
  else
    one.reasons.push_back(
        fmt::format("{} {:.4g} over {} pairs, {}: {}", name, shown(found.estimate, scale), found.n,
                    found.upper ? fmt::format("{} {:.4g} with {:.0f} % confidence",
                                              bound.at_most ? "at most" : "at least",
                                              shown(*found.upper, scale), 100 * kConfidence)
                                : fmt::format("no bound from fewer than {} pairs", kFewestUnits),
                    holds   ? "holds"
                    : seems ? "not sure to hold"
                            : "does not hold"));
  one.holds = one.holds && holds;
  one.seems_to_hold = one.seems_to_hold && seems;
}

bool is_deepcache(const std::string& axis) { return axis.ends_with(".request.deepcache"); }

// "# DeepCache: ..." and what a script reads.
std::string deepcache_lines(const json& value) {
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

std::string lines_of(const json& setting) {
  std::string variables, rest;
  for (const auto& [axis, value] : setting.items()) {
    if (axis.starts_with("reference.")) continue;  // the other side's
    const std::string bare = axis.substr(axis.find('.') + 1);
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

std::string reasons_of(const Candidate& one) {
  std::string text;
  for (const std::string& reason : one.reasons) text += "#   " + one_line(reason) + "\n";
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

std::vector<Candidate> candidates(const json& summary, const RunFiles& files,
                                  const std::vector<QualityBound>& bounds) {
  const RunIndex run(files);
  std::vector<Candidate> all;
  std::vector<const json*> able;  // comparisons, and where they are in `all`
  std::vector<std::size_t> places;
  for (const json& comparison : summary.at("comparisons")) {
    if (comparison.at("against") != "reference") continue;
    Candidate one{.setting = comparison.at("setting")};
    const json time = comparison.at("speed").value("total_ms", json::object());
    if (time.value("ratio", json()).is_number()) one.ratio = time.at("ratio");
    one.interval = time.value("ratio_interval", json());
    if (const std::string why = disqualified(comparison); !why.empty()) {
      one.reasons.push_back(why);
    } else {
      one.holds = one.seems_to_hold = true;
      able.push_back(&comparison);
      places.push_back(all.size());
    }
    all.push_back(std::move(one));
  }
  for (const QualityBound& bound : bounds) {
    const Scale scale = scale_of(metric_of(bound, summary));
    std::vector<std::vector<double>> losses;
    for (const json* comparison : able)
      losses.push_back(losses_of(*comparison, bound.metric, scale, run));
    const std::vector<Measured> found = measure(bound, losses, bounds.size());
    for (std::size_t i = 0; i < able.size(); ++i) hold(bound, scale, found[i], all[places[i]]);
  }
  std::stable_sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
    const auto slowness = [](const Candidate& one) {
      return one.ratio > 0 ? one.ratio : std::numeric_limits<double>::infinity();
    };
    return slowness(a) < slowness(b);
  });
  return all;
}

Recommendation recommend(const std::vector<Candidate>& fastest_first, const std::string& command) {
  Recommendation result;
  std::string& text = result.environment_file;
  text = "# " + one_line(command) + "\n";
  const auto chosen = std::find_if(fastest_first.begin(), fastest_first.end(),
                                   [](const Candidate& one) { return one.holds; });
  if (chosen == fastest_first.end()) {
    const bool seems = std::any_of(fastest_first.begin(), fastest_first.end(),
                                   [](const Candidate& one) { return one.seems_to_hold; });
    result.code = seems ? 5 : 2;
    text += seems ? "# No setting holds with confidence; more pairs may tell. Fastest first:\n"
                  : "# No setting holds. Fastest first:\n";
  } else {
    text +=
        fmt::format("# {}\n# time {:.3g} of the reference's{}{}\n{}",
                    one_line(setting_label(chosen->setting)), chosen->ratio,
                    chosen->interval.is_object()
                        ? fmt::format(" [{:.3g}, {:.3g}]", chosen->interval.at("low").get<double>(),
                                      chosen->interval.at("high").get<double>())
                        : ", from too few blocks for an interval",
                    chosen->ratio < 1 ? "" : ": no faster than the reference", reasons_of(*chosen));
    text += lines_of(chosen->setting);
    if (chosen != fastest_first.begin()) text += "# Faster, and passed over:\n";
  }
  std::size_t listed = 0;
  for (auto one = fastest_first.begin(); one != chosen && listed < kMostPassedOver; ++one, ++listed)
    text += fmt::format("# {}{}\n{}", one_line(setting_label(one->setting)),
                        one->ratio > 0 ? fmt::format(", time {:.3g}", one->ratio) : "",
                        reasons_of(*one));
  const auto passed_over = static_cast<std::size_t>(chosen - fastest_first.begin());
  if (passed_over > listed) text += fmt::format("# and {} more\n", passed_over - listed);
  return result;
}

}  // namespace sameseed
