#include "reports/judge/gate_interval.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "reports/statistics/mean_test.h"
#include "reports/statistics/median_test.h"
#include "reports/statistics/paired_bootstrap.h"
#include "reports/statistics/report_metric.h"
#include "reports/statistics/tail_bound.h"

namespace sameseed {
namespace {

constexpr double kLargestRatio = 1000;  // that is told in figures
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Both ends as people know them; a scale may turn them round. Infinite: not bounded on that side.
std::optional<Interval> interval_of(const GateObservations& observations,
                                    const StatisticTest& test) {
  if (!test.above && test.n < kFewestObservations) return std::nullopt;
  const bool turned = observations.shown(1) < observations.shown(0);
  const auto shown = [&](const std::optional<double>& end, double unbounded) {
    return end ? observations.shown(*end) : unbounded;
  };
  const double sign = turned ? -1 : 1;
  const double low = shown(test.low, -sign * kInfinity), high = shown(test.high, sign * kInfinity);
  return turned ? Interval{high, low} : Interval{low, high};
}

// A ratio beyond a thousand is no more known than one without an end.
std::string end_text(double end, const std::string& unit) {
  if (!std::isfinite(end)) return "-";
  if (unit == "ratio" && end > kLargestRatio) return fmt::format("over {:g}", kLargestRatio);
  return fmt::format("{:.4g}", end);
}

std::string estimate_text(const BoundTest& test) {
  const Interval& interval = test.estimate.interval.value();
  return fmt::format("{} {} [{}, {}]", test.of, end_text(test.estimate.value, test.unit),
                     end_text(interval.low, test.unit), end_text(interval.high, test.unit));
}

bool is_mean(const Gate& gate) { return gate.statistic == "mean" || gate.statistic == "ratio"; }

// Of the gate's statistic, in the scale of `beyond`.
StatisticTest test_observations(const Gate& gate, const GateObservations& observations,
                                const TestOptions& options) {
  if (observations.others)
    return test_difference(observations.beyond, *observations.others, 0, options);
  if (is_mean(gate)) return test_mean(observations.beyond, 0, options);
  if (gate.statistic == "median") return test_median(observations.beyond, 0, options);
  return test_worst5(observations.beyond, 0, options);
}

// A change on the scale of the observations, and its half, as `shown` tells them.
struct ShownChange {
  double whole = 0, half = 0;  // the latter on the scale of the observations
  std::string unit;
};

// Decibels start at the bound, or where there is none at what was estimated.
ShownChange shown_change(const GateObservations& observations, double change, double estimate) {
  if (observations.unit == "ratio")
    return {std::expm1(change), std::log1p(std::expm1(change) / 2), observations.unit};
  if (!observations.shown_in_decibels) return {change, change / 2, observations.unit};
  const double start = observations.has_bound ? 0 : estimate, from = observations.shown(start),
               decibels = std::abs(observations.shown(start + change) - from);
  const ReportMetric metric = {.name = {}, .unit = "dB"};
  return {decibels, metric.loss(from - decibels / 2) - metric.loss(from), "dB"};
}

// Prompts or blocks that would show half of a change; nothing where that is not even twice those
// that showed the whole: so few are too few for the formula.
std::optional<double> half_takes(double half, const StatisticTest& test, std::size_t family,
                                 double alpha) {
  const double count = units_for(half, *test.spread, family, alpha);
  return count < 2 * static_cast<double>(test.n) ? std::nullopt : std::optional(count);
}

// The statistic, its interval, and what could have been shown of it where it is a mean.
BoundTest bound_test(const GateObservations& observations, const StatisticTest& test,
                     std::size_t family, double alpha) {
  BoundTest entry{.of = observations.what, .estimate = {.n = test.n}, .unit = observations.unit};
  if (test.n > 0) entry.estimate.value = observations.shown(test.estimate);
  entry.estimate.interval = interval_of(observations, test);
  if (!test.spread) return entry;
  const auto change = smallest_change(*test.spread, test.n, family, alpha);
  if (!change) return entry;
  // Differences of values that are equal but for their rounding.
  constexpr double kRounding = 1e-12;
  if (*test.spread <= kRounding * std::max(std::abs(test.estimate), std::abs(observations.bound))) {
    entry.smallest_change = 0;
    return entry;
  }
  const ShownChange shown = shown_change(observations, *change, test.estimate);
  if (!std::isfinite(shown.whole)) return entry;
  entry.smallest_change = shown.whole;
  entry.unit = shown.unit;
  entry.half_takes = half_takes(shown.half, test, family, alpha);
  return entry;
}

std::string words(const Gate& gate, std::size_t bound) {
  return bounds_of(gate)[bound] == Bound::kAtLeast ? "less" : "more";
}

std::string holm_text(std::size_t family, double p) {
  return family < 2 ? "" : fmt::format(", with Holm's correction over {} tests {:.2g}", family, p);
}

// "; of 96 prompts 3 are beyond it, "
std::string beyond_text(const StatisticTest& test) {
  return fmt::format("; of {} prompts {} {} beyond it", test.n, *test.above,
                     *test.above == 1 ? "is" : "are");
}

// How many observations would tell; empty where that cannot be said.
std::string needed_text(const BoundTest& entry, const StatisticTest& test, double alpha,
                        std::size_t family) {
  if (test.above)
    return fmt::format("{}: {} with no more beyond it would show that at most 5 % are",
                       beyond_text(test), fewest_for_tail(*test.above, alpha));
  if (test.estimate == 0 || test.spread.value_or(0) == 0) return "";
  const double needed =
      units_for(std::abs(test.estimate), *test.spread, test.estimate > 0 ? family : 1, alpha);
  // Where the formula asks for no more than there are, it is their skewness that stands in the way.
  if (needed <= static_cast<double>(test.n)) return "";
  return fmt::format("; {:.0f} {} would tell a difference of this size", needed,
                     entry.unit == "ratio" ? "blocks" : "prompts");
}

// Why neither side is shown, and what would show it.
std::string doubt(const BoundTest& entry, const StatisticTest& test, const std::string& word,
                  double alpha, std::size_t family) {
  const double bound = entry.judged->bound;
  if (test.p_above <= alpha)
    return fmt::format("{} is {} than {:.6g} for itself only (p {:.2g}{})", estimate_text(entry),
                       word, bound, test.p_above, holm_text(family, entry.judged->p_beyond_holm));
  return fmt::format("{} leaves open whether it is {} than {:.6g}{}", estimate_text(entry), word,
                     bound, needed_text(entry, test, alpha, family));
}

// Of one bound of one setting. Only what may fail has to stand Holm's correction, which takes more
// resamples.
StatisticTest test_in_family(const Gate& gate, const GateObservations& observations,
                             std::size_t family) {
  const StatisticTest test = test_observations(gate, observations, {.alpha = gate.alpha});
  if (test.p_above > gate.alpha) return test;
  return test_observations(gate, observations,
                           {.alpha = gate.alpha, .resamples = resamples_for(family, gate.alpha)});
}

// The tests of all gates' settings and bounds, in this order.
struct Family {
  std::vector<StatisticTest> tests;
  std::vector<double> above_holm;
};

Family family_of(const std::vector<GateToJudge>& file) {
  const std::size_t size = tests_of(file);
  Family family;
  std::vector<double> above;
  for (const GateToJudge& one : file)
    for (const auto& bounds : one.settings)
      for (const GateObservations& observations : bounds) {
        family.tests.push_back(test_in_family(*one.gate, observations, size));
        above.push_back(family.tests.back().p_above);
      }
  family.above_holm = holm(above);
  return family;
}

// `next`: of the setting's first bound in the family; moves on.
IntervalAnswer answer_of(const Gate& gate, const std::vector<GateObservations>& bounds,
                         const Family& family, std::size_t& next) {
  IntervalAnswer answer;
  std::vector<std::string> failures, doubts;
  const std::size_t size = family.tests.size();
  for (std::size_t i = 0; i < bounds.size(); ++i, ++next) {
    const StatisticTest& test = family.tests[next];
    const double corrected = family.above_holm[next];
    BoundTest entry = bound_test(bounds[i], test, size, gate.alpha);
    entry.judged = BoundTest::Judged{.bound = bounds[i].bound,
                                     .p_beyond = test.p_above,
                                     .p_beyond_holm = corrected,
                                     .p_within = test.p_at_most};
    if (corrected <= gate.alpha)
      failures.push_back(fmt::format("{} is {} than {:.6g} (p {:.2g}{}){}", estimate_text(entry),
                                     words(gate, i), bounds[i].bound, test.p_above,
                                     holm_text(size, corrected),
                                     test.above ? beyond_text(test) : ""));
    else if (test.p_at_most > gate.alpha)
      doubts.push_back(doubt(entry, test, words(gate, i), gate.alpha, size));
    answer.tests.push_back(std::move(entry));
  }
  answer.answer = !failures.empty() ? Answer::kFail
                  : doubts.empty()  ? Answer::kPass
                                    : Answer::kInconclusive;
  answer.texts = failures.empty() ? doubts : failures;
  return answer;
}

}  // namespace

std::size_t tests_of(const std::vector<GateToJudge>& file) {
  std::size_t tests = 0;
  for (const GateToJudge& one : file)
    for (const auto& bounds : one.settings) tests += bounds.size();
  return tests;
}

std::size_t fewest_of(const Gate& gate) {
  return gate.statistic == "worst5" ? 1 : fewest_observations(1 - gate.alpha);
}

std::size_t fewest_to_pass(const Gate& gate) {
  return gate.statistic == "worst5" ? fewest_for_tail(0, gate.alpha) : fewest_of(gate);
}

std::vector<std::vector<IntervalAnswer>> judge_by_interval(const std::vector<GateToJudge>& file) {
  const Family family = family_of(file);
  std::vector<std::vector<IntervalAnswer>> answers;
  std::size_t next = 0;
  for (const GateToJudge& one : file) {
    answers.emplace_back();
    for (const auto& bounds : one.settings)
      answers.back().push_back(answer_of(*one.gate, bounds, family, next));
  }
  return answers;
}

std::vector<std::optional<BoundTest>> precision_of(const Gate& gate,
                                                   const std::vector<GateObservations>& settings,
                                                   std::size_t tests) {
  const auto own = static_cast<std::size_t>(
      std::ranges::count_if(settings, [](const GateObservations& observations) {
        return observations.beyond.size() >= kFewestObservations;
      }));
  std::vector<std::optional<BoundTest>> entries;
  for (const GateObservations& observations : settings) {
    entries.emplace_back();
    if (observations.code == 0 && !observations.beyond.empty())
      entries.back() =
          bound_test(observations, test_mean(observations.beyond, 0, {.alpha = gate.alpha}),
                     std::max({std::size_t{1}, own, tests}), gate.alpha);
  }
  return entries;
}

std::optional<SmallestChange> smallest_change_of(const std::vector<SettingDecision>& settings) {
  std::optional<SmallestChange> largest;
  for (const SettingDecision& setting : settings)
    for (const BoundTest& test : setting.tests)
      if (test.smallest_change && (!largest || *test.smallest_change > largest->value))
        largest = SmallestChange{.value = *test.smallest_change,
                                 .of = test.of,
                                 .unit = test.unit,
                                 .n = test.estimate.n,
                                 .half_takes = test.half_takes};
  return largest;
}

GateStatistics gate_statistics() {
  return {
      .power = kPower,
      .fewest_units = kFewestObservations,
      .method =
          "over prompts, each the mean of its seeds: means by bootstrap-t with equal tails, never "
          "narrower than Student's t, of timings over the logarithms of A B B A blocks' ratios, "
          "against "
          "a baseline's by Welch's standard error over all blocks of both; "
          "medians by the sign test; worst5 by the binomial, whether at most 5 % of prompts are "
          "beyond the bound; each end of an interval is one-sided at 1 - alpha",
      .correction =
          "a gate fails by Holm's procedure over all tests of the file, and passes where each of "
          "its own does at alpha (intersection-union)",
      .smallest_change_formula =
          "(z(1 - alpha / m) + z(power)) s / sqrt(n - z(1 - alpha / m)^2): normal "
          "approximation with twice Guenther's correction (1981), m tests of the file, n "
          "observations, s their spread",
      .half_takes =
          "observations that would show half of the smallest change, by the same formula"};
}

}  // namespace sameseed
