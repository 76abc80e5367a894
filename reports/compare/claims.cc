#include "reports/compare/claims.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "reports/statistics/mean_test.h"
#include "reports/statistics/step_down.h"

namespace sameseed {
namespace {

constexpr double kMostNeeded = 10000;

std::vector<double> values_of(const std::map<std::size_t, double>& by_observation) {
  std::vector<double> values;
  for (const auto& [observation, value] : by_observation) values.push_back(value);
  return values;
}

std::size_t fewest_of(const CompareRow& row) {
  return row.claim.is_time() ? kFewestBlocks : kFewestPrompts;
}

bool is_all_zero(const CompareRow& row) {
  return !row.values.empty() &&
         std::ranges::all_of(row.values, [](const auto& value) { return value.second == 0; }) &&
         std::ranges::all_of(row.bounded, [](const auto& value) { return value.second == 0; });
}

struct Found {
  EffectEstimate estimate;  // of the row's values
  bool shown = false;
  std::size_t family = 1;                        // rows that were judged together
  std::optional<StatisticTest> bound = {};       // of its bounded values
  std::optional<StatisticTest> difference = {};  // of its differences, where it has them
};

// Every row of one family that has enough observations.
void judge_family(Family family, const CompareRows& rows, std::size_t observations,
                  std::vector<Found>& found) {
  std::vector<SparseRow> values;
  std::vector<double> margins;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].family != family || rows[i].values.size() < fewest_of(rows[i])) continue;
    values.emplace_back(rows[i].values.begin(), rows[i].values.end());
    margins.push_back(rows[i].margin);
    places.push_back(i);
  }
  if (places.empty()) return;
  const Claims claims =
      step_down(values, observations, margins, {.confidence = confidence_of(family)});
  for (std::size_t i = 0; i < places.size(); ++i)
    found[places[i]] = {
        .estimate = claims.estimates[i], .shown = claims.shown[i], .family = places.size()};
}

// Of scores and times.
std::string promised_reading(const CompareRow& row, const Found& found) {
  if (is_all_zero(row)) return "equal";
  if (!found.bound || !found.estimate.half_width) return "too few";
  const bool time = row.claim.is_time(), up = found.estimate.mean > 0 && found.bound->estimate > 0,
             down = found.estimate.mean < 0 && found.bound->estimate < 0;
  if (found.bound->p_at_most <= kNotWorseAlpha) {
    const bool enough = !time || found.bound->estimate < -row.bound;
    return found.shown && down && enough ? (time ? "faster" : "better")
                                         : (time ? "not slower" : "not worse");
  }
  // Of times also for itself beyond the margin.
  if (found.shown && up && (!time || found.bound->p_above <= kNotWorseAlpha))
    return time ? "slower" : "worse";
  return "inconclusive";
}

// Of what explains them.
std::string explaining_reading(const CompareRow& row, const Found& found) {
  const EffectEstimate& estimate = found.estimate;
  const auto& pictures = row.claim.pictures;
  if (pictures) {
    if (pictures->loss == 0) return "equal";
    if (!pictures->floor) return "different, no floor was measured";
    if (*pictures->floor == 0) return "different";  // deterministic: any difference is real
  }
  if (is_all_zero(row)) return "equal";
  if (!estimate.half_width) return "too few";
  const bool up = estimate.mean > 0;
  if (!found.shown || (pictures && !up)) return "no difference shown";
  if (pictures) return "beyond the floor";
  if (row.claim.is_time()) return up ? "slower" : "faster";
  return up ? "worse" : "better";
}

// How many observations would probably (80 %) give an answer other than "inconclusive".
std::optional<double> needed(const CompareRow& row, const Found& found) {
  const auto fewest = static_cast<double>(fewest_of(row));
  if (row.claim.reading == "too few" || !found.bound) return fewest;
  const double value = found.bound->estimate, spread = found.bound->spread.value_or(0);
  double change = row.bound - std::max(value, 0.0), of = spread, alpha = kNotWorseAlpha;
  std::size_t family = 1;
  if (value >= row.bound) {  // it looks worse: until that is shown
    change = std::abs(found.estimate.mean);
    of = found.estimate.spread;
    alpha = (1 - confidence_of(row.family)) / 2;
    family = found.family;
  }
  if (change <= 0) return std::nullopt;
  const double units = std::max(
      {fewest, units_for(change, of, family, alpha), static_cast<double>(found.bound->n + 1)});
  return units <= kMostNeeded ? std::optional(units) : std::nullopt;
}

// A slower time has another clock for its cause where the clock is shown to be lower and, counted
// in its cycles, the time is shown to be not slower.
std::string cause_of(const CompareRow& row) {
  if (row.clock.empty() || row.clock.size() != row.values.size()) return "";
  std::vector<double> clock, cycles;
  for (const auto& [observation, change] : row.values) {
    const auto found = row.clock.find(observation);
    if (found == row.clock.end()) return "";
    clock.push_back(found->second);
    cycles.push_back(change + found->second);
  }
  const bool lower = test_mean(clock, 0).p_at_most <= kNotWorseAlpha &&
                     std::ranges::any_of(clock, [](double change) { return change < 0; }),
             explains = test_mean(cycles, row.bound).p_at_most <= kNotWorseAlpha;
  return lower && explains ? "another clock" : "";
}

// Of a relative change that was shown in every prompt, (2 + h) / (2 - h) - 1 of A's mean loss.
std::optional<double> smallest_shown(const CompareRow& row, const Found& found) {
  const double half_width = *found.estimate.half_width;
  if (row.claim.is_time()) {
    double least = half_width + row.margin;
    if (found.bound && found.bound->low)
      least = std::max(least, row.bound + found.bound->estimate - *found.bound->low);
    return std::expm1(least);
  }
  if (row.family != Family::kScores) return half_width + row.margin;
  if (half_width >= 2 || !row.claim.before) return std::nullopt;
  return ((2 + half_width) / (2 - half_width) - 1) * *row.claim.before;
}

Claim claim_of(const CompareRow& row, const Found& found) {
  Claim claim = row.claim;
  const auto out = [&](double value) { return claim.is_time() ? std::exp(value) : value; };
  Estimate& difference = claim.difference;
  difference.n = row.values.size();
  if (const auto& test = found.difference ? found.difference : found.bound) {
    difference.value = out(test->estimate);
    if (test->low && test->high) difference.interval = {out(*test->low), out(*test->high)};
  } else if (difference.n > 0) {
    double sum = 0;
    for (const double value : values_of(row.bounded.empty() ? row.values : row.bounded))
      sum += value;
    const double mean = sum / static_cast<double>(difference.n);
    difference.value = out(mean);
    if (found.estimate.half_width)
      difference.interval = {out(mean - *found.estimate.half_width),
                             out(mean + *found.estimate.half_width)};
  }
  if (found.difference) {
    claim.relative = {.n = difference.n, .value = found.bound->estimate / *claim.before};
    if (found.bound->low && found.bound->high)
      claim.relative->interval = {*found.bound->low / *claim.before,
                                  *found.bound->high / *claim.before};
  }
  if (found.estimate.half_width) claim.smallest_shown = smallest_shown(row, found);
  claim.reading =
      row.bounded.empty() ? explaining_reading(row, found) : promised_reading(row, found);
  CompareRow read = row;
  read.claim.reading = claim.reading;
  if (claim.is_promised() && (claim.reading == "inconclusive" || claim.reading == "too few"))
    claim.needed = needed(read, found);
  if (claim.about == About::kSpeed && claim.reading == "slower") claim.cause = cause_of(row);
  return claim;
}

}  // namespace

double confidence_of(Family family) {
  switch (family) {
    case Family::kTotals:
    case Family::kParts:
    case Family::kCycles:
      return 0.96;
    case Family::kScores:
    case Family::kOther:
      break;
  }
  return 0.99;
}

CompareRow score_row(Claim claim, const std::map<std::size_t, LossesOfPrompt>& losses,
                     const ScoreMargin& margin) {
  CompareRow row{.claim = std::move(claim), .family = Family::kScores};
  double a = 0, b = 0;
  for (const auto& [observation, of_prompt] : losses) {
    const double sum = std::abs(of_prompt.a) + std::abs(of_prompt.b);
    row.values[observation] = sum == 0 ? 0 : 2 * (of_prompt.b - of_prompt.a) / sum;
    a += of_prompt.a;
    b += of_prompt.b;
  }
  const auto n = static_cast<double>(losses.size());
  const double relative = losses.empty() ? 0 : margin.relative * a / n;
  row.bound = std::max(relative, margin.absolute);
  // A margin of A's own mean is a bound of the ratio of both means.
  const bool of_ratio = relative > margin.absolute;
  const double slope = of_ratio ? b / a : 1, shift = of_ratio ? (b - a) / n : 0;
  for (const auto& [observation, of_prompt] : losses)
    row.bounded[observation] = of_prompt.b - slope * of_prompt.a + shift;
  if (of_ratio)
    for (const auto& [observation, of_prompt] : losses)
      row.differences[observation] = of_prompt.b - of_prompt.a;
  row.claim.margin = row.bound;
  if (!losses.empty()) row.claim.before = a / n;
  return row;
}

CompareRow time_row(Claim claim, Family family, std::map<std::size_t, double> changes,
                    double margin) {
  CompareRow row{.claim = std::move(claim), .family = family, .values = std::move(changes)};
  row.claim.margin = margin;
  row.bounded = row.values;
  row.bound = std::log1p(margin);
  return row;
}

std::vector<Claim> judge_rows(const CompareRows& rows, std::size_t observations) {
  std::vector<Found> found(rows.size());
  for (const Family family : kFamilies) judge_family(family, rows, observations, found);
  std::vector<Claim> claims;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const CompareRow& row = rows[i];
    if (row.bounded.size() >= fewest_of(row))
      found[i].bound = test_mean(values_of(row.bounded), row.bound, {.alpha = kNotWorseAlpha});
    if (found[i].bound && !row.differences.empty())
      found[i].difference = test_mean(values_of(row.differences), 0, {.alpha = kNotWorseAlpha});
    claims.push_back(claim_of(row, found[i]));
  }
  return claims;
}

}  // namespace sameseed
