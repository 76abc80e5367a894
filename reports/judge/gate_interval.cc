#include "reports/judge/gate_interval.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "reports/statistics/mean_test.h"
#include "reports/statistics/median_test.h"
#include "reports/statistics/paired_bootstrap.h"
#include "reports/statistics/tail_bound.h"

namespace sameseed {
namespace {

using nlohmann::json;

json finite(double value) { return std::isfinite(value) ? json(value) : json(); }

// Both ends as people know them; a scale may turn them round.
json interval_of(const GateUnits& units, const StatisticTest& test) {
  if (test.n < kFewestUnits) return nullptr;
  const auto shown = [&](const std::optional<double>& end) {
    return end ? finite(units.shown(*end)) : json();
  };
  json low = shown(test.low), high = shown(test.high);
  if (units.shown(1) < units.shown(0)) std::swap(low, high);
  return {{"low", low}, {"high", high}};
}

std::string end_text(const json& end) {
  return end.is_number() ? fmt::format("{:.4g}", end.get<double>()) : "-";
}

std::string estimate_text(const json& entry) {
  const json& interval = entry.at("interval");
  return fmt::format("{} {} [{}, {}]", entry.at("of").get<std::string>(),
                     end_text(entry.at("estimate")), end_text(interval.at("low")),
                     end_text(interval.at("high")));
}

bool is_mean(const Gate& gate) { return gate.statistic == "mean" || gate.statistic == "ratio"; }

// Of the gate's statistic, in the scale of `beyond`.
StatisticTest test_units(const Gate& gate, const GateUnits& units, const TestOptions& options) {
  if (is_mean(gate)) return test_mean(units.beyond, 0, options);
  if (gate.statistic == "median") return test_median(units.beyond, 0, options);
  std::vector<double> losses = units.beyond;
  for (double& loss : losses) loss = std::max(0.0, loss + units.loss_at_bound);
  StatisticTest test = test_worst5(losses, units.loss_at_bound, options);
  for (double* value :
       {&test.estimate, test.low ? &*test.low : nullptr, test.high ? &*test.high : nullptr})
    if (value) *value -= units.loss_at_bound;
  return test;
}

// The statistic, its interval, and what could have been shown of it where it is a mean.
json entry_of(const GateUnits& units, const StatisticTest& test, std::size_t family, double alpha) {
  json entry = {{"of", units.what},
                {"n", test.n},
                {"estimate", test.n ? finite(units.shown(test.estimate)) : json()},
                {"interval", interval_of(units, test)},
                {"unit", units.unit},
                {"smallest_change", nullptr}};
  if (!test.spread) return entry;
  const auto change = smallest_change(*test.spread, test.n, family, alpha);
  if (!change) return entry;
  const bool logarithm = units.unit == "ratio";
  entry["smallest_change"] = finite(logarithm ? std::expm1(*change) : *change);
  if (*change == 0) return entry;
  const double half = logarithm ? std::log1p(std::expm1(*change) / 2) : *change / 2;
  entry["half_takes"] = units_for(half, *test.spread, family, alpha);
  return entry;
}

std::string words(const Gate& gate, std::size_t bound) {
  return bounds_of(gate)[bound] == Bound::kAtLeast ? "less" : "more";
}

std::string holm_text(std::size_t family, double p) {
  return family < 2 ? "" : fmt::format(", with Holm's correction over {} tests {:.2g}", family, p);
}

// Why neither side is shown, and what would show it.
std::string doubt(const json& entry, const StatisticTest& test, const std::string& word,
                  double alpha, std::size_t family) {
  const double bound = entry.at("bound");
  if (test.p_above <= alpha)
    return fmt::format("{} is {} than {:.6g} for itself only (p {:.2g}{})", estimate_text(entry),
                       word, bound, test.p_above, holm_text(family, entry.at("p_beyond_holm")));
  const std::string text =
      fmt::format("{} leaves open whether it is {} than {:.6g}", estimate_text(entry), word, bound);
  if (test.estimate == 0 || test.spread.value_or(0) == 0) return text;
  const double needed =
      units_for(std::abs(test.estimate), *test.spread, test.estimate > 0 ? family : 1, alpha);
  // Where the formula asks for no more than there are, it is their skewness that stands in the way.
  if (needed <= static_cast<double>(test.n)) return text;
  return fmt::format("{}; {:.0f} {} would tell a difference of this size", text, needed,
                     entry.at("unit") == "ratio" ? "blocks" : "pairs");
}

}  // namespace

std::vector<IntervalAnswer> judge_by_interval(const Gate& gate,
                                              const std::vector<std::vector<GateUnits>>& settings) {
  std::size_t family = 0;
  for (const auto& bounds : settings) family += bounds.size();
  std::vector<StatisticTest> tests;
  std::vector<double> above;
  for (const auto& bounds : settings)
    for (const GateUnits& units : bounds) {
      StatisticTest test = test_units(gate, units, {.alpha = gate.alpha});
      // Only what may fail has to stand Holm's correction, which takes more resamples.
      if (test.p_above <= gate.alpha)
        test = test_units(gate, units,
                          {.alpha = gate.alpha, .resamples = resamples_for(family, gate.alpha)});
      tests.push_back(test);
      above.push_back(tests.back().p_above);
    }
  const std::vector<double> corrected = holm(above);
  std::vector<IntervalAnswer> answers;
  std::size_t next = 0;
  for (const auto& bounds : settings) {
    IntervalAnswer answer;
    std::vector<std::string> failures, doubts;
    for (std::size_t i = 0; i < bounds.size(); ++i, ++next) {
      const StatisticTest& test = tests[next];
      json entry = entry_of(bounds[i], test, family, gate.alpha);
      entry["bound"] = bounds[i].bound;
      entry["p_beyond"] = test.p_above;
      entry["p_beyond_holm"] = corrected[next];
      entry["p_within"] = test.p_at_most;
      if (corrected[next] <= gate.alpha)
        failures.push_back(fmt::format("{} is {} than {:.6g} (p {:.2g}{})", estimate_text(entry),
                                       words(gate, i), bounds[i].bound, test.p_above,
                                       holm_text(family, corrected[next])));
      else if (test.p_at_most > gate.alpha)
        doubts.push_back(doubt(entry, test, words(gate, i), gate.alpha, family));
      answer.tests.push_back(std::move(entry));
    }
    answer.failed = !failures.empty();
    answer.passed = failures.empty() && doubts.empty();
    answer.texts = answer.failed ? failures : doubts;
    answers.push_back(std::move(answer));
  }
  return answers;
}

std::vector<json> precision_of(const Gate& gate, const std::vector<GateUnits>& settings) {
  const auto family = static_cast<std::size_t>(std::ranges::count_if(
      settings, [](const GateUnits& units) { return units.beyond.size() >= kFewestUnits; }));
  std::vector<json> entries;
  for (const GateUnits& units : settings)
    entries.push_back(units.code || units.beyond.empty()
                          ? json()
                          : entry_of(units, test_mean(units.beyond, 0, {.alpha = gate.alpha}),
                                     std::max<std::size_t>(1, family), gate.alpha));
  return entries;
}

json smallest_change_of(const json& tests) {
  json largest;
  for (const json& test : tests)
    if (test.is_object() && test.at("smallest_change").is_number() &&
        (largest.is_null() || test.at("smallest_change") > largest.at("value"))) {
      largest = {{"value", test.at("smallest_change")},
                 {"of", test.at("of")},
                 {"unit", test.at("unit")},
                 {"n", test.at("n")}};
      if (test.contains("half_takes")) largest["half_takes"] = test.at("half_takes");
    }
  return largest;
}

json gate_statistics_definition() {
  return {
      {"power", kPower},
      {"fewest_units", kFewestUnits},
      {"method",
       "means by bootstrap-t with equal tails over (prompt, seed) pairs, of timings over the "
       "logarithms of A B B A blocks' ratios; medians by the sign test; the worst 5 % by a "
       "parametric bootstrap-t of log-normal losses; each end of an interval is one-sided at 1 - "
       "alpha"},
      {"correction",
       "a gate fails by Holm's procedure over all its tests, and passes where each of them does "
       "at alpha (intersection-union)"},
      {"smallest_change_formula",
       "(z(1 - alpha / m) + z(power)) s / sqrt(n - z(1 - alpha / m)^2 / 2): normal approximation "
       "with Guenther's correction (1981) for Student's t, m tests of the gate, n units, s their "
       "spread"},
      {"half_takes", "units that would show half of the smallest change, by the same formula"}};
}

}  // namespace sameseed
