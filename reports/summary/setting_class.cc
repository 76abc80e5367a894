#include "reports/summary/setting_class.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>

#include "reports/run/labels.h"
#include "reports/run/loss_table.h"
#include "reports/statistics/mean_test.h"
#include "reports/statistics/paired_bootstrap.h"
#include "reports/summary/comparison.h"
#include "reports/summary/noise_floor.h"

namespace sameseed {
namespace {

constexpr const char* kClassNames[] = {"bit-equal", "within the floor", "other rounding",
                                       "approximate"};
constexpr std::size_t kMostNamed = 3;

// What one kind of evidence says of its class.
struct Finding {
  enum State { kOpen, kShown, kRefuted } state = kOpen;
  std::string text;
};

std::string named(const std::vector<std::string>& names) { return listed(names, kMostNamed); }

// Why no class can be told, whatever else is there; empty where nothing stands in the way.
std::string incomplete(const Comparison& comparison) {
  const auto& pairs = comparison.pairs;
  if (comparison.status == "unsupported") return "unsupported: " + comparison.reason;
  const auto absent = std::ranges::count_if(pairs, [](const ScoredPair& scored) {
    return scored.pictures.candidate.empty() || scored.pictures.reference.empty();
  });
  if (absent > 0) return fmt::format("{} of {} pairs are not there", absent, pairs.size());
  const auto refused = std::ranges::count_if(pairs, [&](const ScoredPair& scored) {
    return comparison.refused.contains(scored.pair.candidate);
  });
  if (refused > 0) return fmt::format("{} of {} pairs have no valid scores", refused, pairs.size());
  return comparison.broken.empty() ? "" : "there are broken pictures";
}

Finding bit_equality(const std::vector<ScoredPair>& pairs) {
  const auto count = [&](auto is_so) { return std::ranges::count_if(pairs, is_so); };
  const auto different = count([](const ScoredPair& scored) {
    return scored.equal_pictures == false || scored.equal_latents == false;
  });
  if (different > 0)
    return {Finding::kRefuted,
            fmt::format("{} of {} pairs differ in a byte", different, pairs.size())};
  const auto unknown = count(
      [](const ScoredPair& scored) { return !scored.equal_pictures || !scored.equal_latents; });
  if (unknown > 0 || pairs.empty())
    return {Finding::kOpen,
            fmt::format("pictures or latents of {} of {} pairs have no recorded hash", unknown,
                        pairs.size())};
  return {Finding::kShown,
          fmt::format("pictures and latents of all {} pairs are equal to the byte", pairs.size())};
}

bool all_finite(const std::vector<double>& values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

// The run's headline metrics that it scored.
std::vector<const ReportMetric*> headlines(const std::vector<ReportMetric>& metrics) {
  std::vector<const ReportMetric*> found;
  for (const std::string& name : headline_metrics())
    for (const ReportMetric& metric : metrics)
      if (metric.name == name && metric.available()) found.push_back(&metric);
  return found;
}

// Which headline metrics were not scored; empty where all were.
std::string without_headlines(const std::vector<const ReportMetric*>& found) {
  if (found.size() == headline_metrics().size()) return "";
  std::vector<std::string> absent;
  for (const std::string& name : headline_metrics())
    if (std::ranges::find(found, name, &ReportMetric::name) == found.end()) absent.push_back(name);
  return fmt::format("{} was not scored", named(absent));
}

std::vector<const FloorRow*> floors_beside(const Comparison& comparison,
                                           const std::vector<FloorRow>& rows) {
  std::set<std::string> ids;
  for (const auto& [metric, quality] : comparison.quality)
    for (const auto& [name, floor] : quality.floors) ids.insert(floor.row);
  std::vector<const FloorRow*> beside;
  for (const FloorRow& row : rows)
    if (ids.contains(row.id)) beside.push_back(&row);
  return beside;
}

bool is_exactly_zero(const FloorRow& row, const std::vector<const ReportMetric*>& metrics) {
  return std::ranges::all_of(metrics, [&](const ReportMetric* metric) {
    return std::ranges::all_of(row.cases, [&](const ScoredPair& scored) {
      const auto value = scored.value(metric->name);
      return value && metric->loss(*value) == 0;
    });
  });
}

// Of one floor among `floors`. To be within it all metrics have to be shown, at alpha over all
// floors, since any of them will do; one metric beyond it refutes, at alpha over all metrics, also
// where another was not measured.
Finding within_one(const Comparison& comparison, const FloorRow& row,
                   const std::vector<const ReportMetric*>& metrics, std::size_t floors) {
  const std::string name = fmt::format("\"{}, {}\"", row.arm, row.kind);
  bool within = true, beyond = false;
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  const ReportMetric* scarcest = nullptr;
  std::vector<const ReportMetric*> measured;
  for (const ReportMetric* metric : metrics) {
    const std::vector<double> above = above_floor(*metric, comparison.pairs, row, kClassFactor);
    if (above.size() < fewest) {
      fewest = above.size();
      scarcest = metric;
    }
    if (above.size() < kFewestObservations) continue;
    measured.push_back(metric);
    if (!all_finite(above)) {
      within = false;
      continue;
    }
    const StatisticTest test = test_mean(above, 0, {.alpha = kClassAlpha});
    within = within && test.p_at_most <= kClassAlpha / static_cast<double>(floors);
    beyond = beyond || test.p_above <= kClassAlpha / static_cast<double>(metrics.size());
  }
  const bool few = fewest < kFewestObservations;
  const std::string prompts = few ? "" : fmt::format(" on {} prompts", fewest);
  if (!measured.empty() && is_exactly_zero(row, measured))
    return {Finding::kRefuted,
            fmt::format("the floor {} is exactly 0: any difference is real", name)};
  if (beyond)
    return {Finding::kRefuted, fmt::format("the loss is shown to be more than {} times the floor "
                                           "{}{}",
                                           kClassFactor, name, prompts)};
  if (few)
    return {Finding::kOpen, fmt::format("only {} prompts have the floor {} in {}, it takes {}",
                                        fewest, name, scarcest->name, kFewestObservations)};
  if (within)
    return {Finding::kShown, fmt::format("{} are shown to be at most {} times the floor {}{}",
                                         named(headline_metrics()), kClassFactor, name, prompts)};
  return {Finding::kOpen, fmt::format("the loss is not shown to be at most {} times the floor {}{}",
                                      kClassFactor, name, prompts)};
}

Finding within_floor(const Comparison& comparison, const std::vector<FloorRow>& rows,
                     const std::vector<const ReportMetric*>& metrics) {
  const std::vector<const FloorRow*> floors = floors_beside(comparison, rows);
  if (floors.empty()) return {Finding::kOpen, "no noise floor was measured beside it (--floor)"};
  if (const std::string absent = without_headlines(metrics); !absent.empty())
    return {Finding::kOpen, absent};
  Finding last{Finding::kRefuted, ""};
  for (const FloorRow* row : floors) {
    const Finding one = within_one(comparison, *row, metrics, floors.size());
    if (one.state == Finding::kShown) return one;
    // What is open says more than what is not so.
    if (last.text.empty() || (one.state == Finding::kOpen && last.state != Finding::kOpen))
      last = one;
  }
  return last;
}

// How well one headline metric's test could see.
struct Sight {
  bool sees = false;   // a candidate kClassFactor times as far is shown not to be, and would show
  double times = 0;    // as far as this would have been seen
  double prompts = 0;  // that would do
};

Sight sight_of(const ReportMetric& metric, const OracleReading& reading,
               const std::vector<ScoredPair>& pairs) {
  const OracleLosses losses = oracle_losses(metric, pairs);
  std::map<PairKey, double> farther;
  double reference = 0;
  for (const auto& [pair, loss] : losses.candidate)
    farther[pair] = loss - kClassFactor * losses.reference.at(pair);
  const std::vector<double> differences = means_of_prompts(losses.difference),
                            own = means_of_prompts(losses.reference);
  for (const double loss : own) reference += loss / static_cast<double>(own.size());
  Sight sight{.prompts = static_cast<double>(kFewestObservations)};
  if (differences.size() < kFewestObservations || !all_finite(differences) || !all_finite(own))
    return sight;
  const double spread = *test_mean(differences, 0).spread;
  const auto change = smallest_change(spread, differences.size(), 1, kClassAlpha);
  sight.times = spread == 0 ? 1 : 1 + change.value_or(HUGE_VAL) / reference;
  if (reference > 0)
    sight.prompts = units_for((kClassFactor - 1) * reference, spread, 1, kClassAlpha);
  const StatisticTest test = test_mean(means_of_prompts(farther), 0, {.alpha = kClassAlpha});
  sight.sees = test.p_at_most <= kClassAlpha &&
               (sight.times <= kClassFactor || reading.reading == "candidate nearer");
  return sight;
}

// Whether the tests that called neither arm nearer could see.
Finding neither_nearer(const Comparison& comparison,
                       const std::vector<const ReportMetric*>& metrics,
                       const std::vector<std::string>& candidate_nearer) {
  if (const std::string absent = without_headlines(metrics); !absent.empty())
    return {Finding::kOpen, absent};
  double times = 1;
  std::size_t prompts = 0;
  for (const ReportMetric* metric : metrics) {
    const OracleReading& reading = comparison.oracle->at(metric->name);
    const bool complete = std::ranges::all_of(comparison.pairs, [&](const ScoredPair& scored) {
      return number_in(scored.candidate_to_oracle, metric->name) &&
             number_in(scored.reference_to_oracle, metric->name);
    });
    if (!complete) return {Finding::kOpen, "not all pairs were scored against the oracle"};
    prompts = reading.difference.n;
    const Sight sight = sight_of(*metric, reading, comparison.pairs);
    if (!sight.sees)
      return {Finding::kOpen,
              fmt::format("the oracle calls neither arm nearer, but in {} that the candidate is "
                          "{} times as far from it is not ruled out by {} prompts: {}",
                          metric->name, kClassFactor, prompts,
                          sight.prompts > static_cast<double>(prompts)
                              ? fmt::format("too few, {:.0f} would do", sight.prompts)
                              : "too few")};
    times = std::max(times, sight.times);
  }
  const std::string nearer =
      candidate_nearer.empty()
          ? "the oracle calls neither arm nearer"
          : fmt::format("the oracle calls the candidate nearer in {}, the reference in none",
                        named(candidate_nearer));
  return {Finding::kShown,
          fmt::format("{}; on {} prompts a candidate {:.3g} times as far from it as the reference "
                      "would have been seen",
                      nearer, prompts, times)};
}

// Of "other rounding"; refuted where the reference is nearer.
Finding by_oracle(const Comparison& comparison, const std::vector<const ReportMetric*>& metrics) {
  if (!comparison.oracle) return {Finding::kOpen, "no oracle was made (--oracle)"};
  std::vector<std::string> reference, candidate;
  std::size_t prompts = 0;
  bool enough = false;
  for (const auto& [name, reading] : *comparison.oracle) {
    if (reading.reading == kReferenceIsOracle)
      return {Finding::kOpen, "the reference is the oracle, so nothing can be nearer to it"};
    if (reading.reading == kNotAllPairs)
      return {Finding::kOpen, "not all pairs were scored against the oracle"};
    prompts = std::max(prompts, reading.difference.n);
    enough = enough || (!reading.reading.empty() && reading.reading != "too few");
    if (reading.reading == "reference nearer") reference.push_back(name);
    if (reading.reading == "candidate nearer") candidate.push_back(name);
  }
  if (prompts == 0) return {Finding::kOpen, "nothing was scored against the oracle"};
  if (!enough)
    return {Finding::kOpen, fmt::format("only {} prompts were scored against the oracle, it takes "
                                        "{}",
                                        prompts, kFewestObservations)};
  if (reference.empty()) return neither_nearer(comparison, metrics, candidate);
  if (candidate.empty())
    return {Finding::kRefuted, fmt::format("the oracle calls the reference nearer in {} on {} "
                                           "prompts",
                                           named(reference), prompts)};
  return {Finding::kOpen,
          fmt::format("the oracle calls the reference nearer in {} and the candidate in {}",
                      named(reference), named(candidate))};
}

}  // namespace

const std::vector<std::string>& headline_metrics() {
  static const std::vector<std::string> names = {"lpips.alex", "ssim.gaussian",
                                                 "latents.relative_l2"};
  return names;
}

const char* name_of(SettingClass one) { return kClassNames[static_cast<int>(one)]; }

SettingClass class_named(const std::string& word) {
  for (const SettingClass one : {SettingClass::kBitEqual, SettingClass::kWithinFloor,
                                 SettingClass::kOtherRounding, SettingClass::kApproximate})
    if (word == name_of(one)) return one;
  throw std::invalid_argument("there is no class " + word);
}

ClassReading class_of(const Comparison& comparison, const std::vector<FloorRow>& floor,
                      const std::vector<ReportMetric>& metrics) {
  const Finding bits = bit_equality(comparison.pairs);
  ClassReading reading;
  if (bits.state == Finding::kRefuted) reading.at_best = SettingClass::kWithinFloor;
  if (std::string why = incomplete(comparison); !why.empty()) {
    reading.because = std::move(why);
    return reading;
  }
  const auto told = [&](SettingClass one, const std::string& because) {
    reading.name = one;
    reading.because = because;
    return reading;
  };
  if (bits.state == Finding::kShown) return told(SettingClass::kBitEqual, bits.text);
  const std::vector<const ReportMetric*> headline = headlines(metrics);
  const Finding within = within_floor(comparison, floor, headline),
                oracle = by_oracle(comparison, headline);
  if (bits.state == Finding::kRefuted && within.state == Finding::kRefuted)
    reading.at_best = SettingClass::kOtherRounding;
  if (oracle.state == Finding::kRefuted) {
    reading.at_best = SettingClass::kApproximate;
    return told(SettingClass::kApproximate, oracle.text);
  }
  if (within.state == Finding::kShown) return told(SettingClass::kWithinFloor, within.text);
  if (oracle.state == Finding::kShown)
    return told(SettingClass::kOtherRounding, fmt::format("{}; {}", oracle.text, within.text));
  reading.because = fmt::format("{}; {}; {}", bits.text, within.text, oracle.text);
  if (within.state == Finding::kRefuted && !comparison.oracle)
    reading.because =
        fmt::format("{}; {}: other rounding or approximate, an oracle would tell (--oracle)",
                    bits.text, within.text);
  return reading;
}

std::string class_label(const ClassReading& reading) {
  return reading.name ? name_of(*reading.name) : "not told";
}

}  // namespace sameseed
