#include "reports/compare/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "reports/compare/compare_rows.h"
#include "reports/statistics/step_down.h"

namespace sameseed {
namespace {

// At 95 % one of twenty comparisons of equal drivers would show a difference, and be believed.
constexpr FamilyOptions kFamily{.confidence = 0.99};

std::string reading_of(const Claim& claim, const EffectEstimate& estimate, bool shown) {
  const bool up = estimate.mean > 0;
  if (claim.pictures) {
    if (claim.pictures->loss == 0) return "equal";
    if (!claim.pictures->floor) return "different, no floor was measured";
    if (*claim.pictures->floor == 0) return "different";  // deterministic: any difference is real
  }
  if (estimate.n > 0 && estimate.mean == 0 && estimate.spread == 0) return "equal";
  if (!estimate.half_width) return "too few";
  if (!shown || (claim.pictures && !up)) return "no difference shown";
  if (claim.pictures) return "beyond the floor";
  if (claim.is_time()) return up ? "slower" : "faster";
  return up ? "worse" : "better";
}

// A change of time is the driver's where it stands in clock cycles too.
void hold_against_cycles(std::vector<Claim>& claims) {
  using Key = std::tuple<std::string, std::optional<Setting>, std::string>;
  const auto key_of = [](const Claim& claim) {
    return Key(claim.arm, claim.setting, claim.measure);
  };
  std::map<Key, const Claim*> cycles;
  for (const Claim& claim : claims)
    if (claim.about == About::kCycles) cycles[key_of(claim)] = &claim;
  for (Claim& claim : claims) {
    if (claim.about != About::kSpeed || !is_difference(claim)) continue;
    const auto found = cycles.find(key_of(claim));
    if (found == cycles.end() || found->second->reading == "too few") continue;
    if (found->second->reading != claim.reading) claim.reading = "another clock";
  }
}

CompareVerdict verdict_of(const std::vector<Claim>& claims) {
  std::set<About> worse, judged, short_of_units;
  CompareVerdict verdict;
  for (const Claim& claim : claims) {
    const About kind = claim.about == About::kCycles ? About::kSpeed : claim.about;
    if (claim.reading == "too few")
      short_of_units.insert(kind);
    else if (claim.reading != "equal")
      judged.insert(kind);
    verdict.differences += is_difference(claim) && claim.reading != "another clock";
    if (claim.reading == "worse" || claim.reading == "slower") worse.insert(kind);
  }
  const bool scores = worse.contains(About::kOwnReference), times = worse.contains(About::kSpeed);
  verdict.code = scores && times ? 4 : scores ? 2 : times ? 3 : 0;
  std::string& text = verdict.text;
  if (claims.empty()) text = "the runs have no pair in common";
  for (const auto& [kind, observations] :
       {std::pair{About::kOwnReference, "pairs"}, {About::kSpeed, "whole blocks"}})
    if (short_of_units.contains(kind) && !judged.contains(kind))
      text += fmt::format("{}{}: fewer than {} {}, nothing can be told", text.empty() ? "" : "; ",
                          name_of(kind), kFewestObservations, observations);
  if (verdict.code == 0 && !text.empty()) verdict.code = 5;
  verdict.word = verdict.differences > 0 ? "differences shown"
                 : verdict.code == 5     ? "inconclusive"
                                         : "no difference shown";
  return verdict;
}

ComparedRun side_of(const RunIndex& run, const nlohmann::json& cohort) {
  const std::vector<nlohmann::json>& starts = run.files().starts;
  ComparedRun side{.folder = run.files().folder,
                   .name = run.plan().name,
                   .started = {},
                   .cohort = cohort.at("hash"),
                   .differs = cohort.at("differs")};
  if (!starts.empty() && starts.back().contains("started"))
    side.started = starts.back().at("started").get<std::string>();
  return side;
}

// The claims with their outcomes, all held together at one rate.
std::vector<Claim> judge(const CompareRows& rows, std::size_t observations) {
  std::vector<SparseRow> values;
  std::vector<double> margins;
  for (const CompareRow& row : rows) {
    values.emplace_back(row.values.begin(), row.values.end());
    margins.push_back(row.margin);
  }
  const Claims found = step_down(values, observations, margins, kFamily);
  std::vector<Claim> claims;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const EffectEstimate& estimate = found.estimates[i];
    Claim claim = rows[i].claim;
    const auto out = [&](double value) { return claim.is_time() ? std::exp(value) : value; };
    claim.difference.n = estimate.n;
    claim.difference.value = out(estimate.mean);
    if (estimate.half_width) {
      claim.difference.interval = {out(estimate.mean - *estimate.half_width),
                                   out(estimate.mean + *estimate.half_width)};
      const double smallest = *estimate.half_width + rows[i].margin;
      claim.smallest_shown = claim.is_time() ? std::exp(smallest) - 1 : smallest;
    }
    claim.reading = reading_of(claim, estimate, found.shown[i]);
    claims.push_back(std::move(claim));
  }
  return claims;
}

std::optional<double> mean_of(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

const char* name_of(About about) {
  switch (about) {
    case About::kPictures:
      return "pictures";
    case About::kOwnReference:
      return "own reference";
    case About::kSpeed:
      return "speed";
    case About::kCycles:
      return "cycles";
    case About::kSwitch:
      return "switch";
  }
  return "";
}

bool is_difference(const Claim& claim) {
  return claim.reading != "equal" && claim.reading != "no difference shown" &&
         claim.reading != "too few" && claim.reading != "different, no floor was measured";
}

Compared compare_runs(const RunIndex& a, const RunIndex& b, const CompareOptions& options,
                      const AcrossScores& across) {
  const nlohmann::json cohort_a = comparable_cohort(a), cohort_b = comparable_cohort(b);
  Compared compared{.a = side_of(a, cohort_a),
                    .b = side_of(b, cohort_b),
                    .varied = options.varied,
                    .differences = cohort_differences(cohort_a, cohort_b, options.varied),
                    .family = kFamily,
                    .time_margin = options.time_margin};
  compared.comparable = compared.a.differs.empty() && compared.b.differs.empty() &&
                        std::ranges::none_of(compared.differences, [](const auto& difference) {
                          return difference.allowed.empty();
                        });
  if (!compared.comparable) {
    compared.verdict = {
        .code = 6, .word = "not comparable", .text = "the cohorts differ in what was not varied"};
    return compared;
  }
  Observations observations;
  const TimedSettings timed = timed_settings(a, b);
  CompareRows rows = picture_rows(a, b, same_pictures(a, b), across, observations);
  for (CompareRow& row : score_rows(a, b, observations)) rows.push_back(std::move(row));
  for (CompareRow& row : time_rows(timed, options.time_margin, observations))
    rows.push_back(std::move(row));
  for (CompareRow& row : switch_rows(a, b, timed, options.time_margin, observations))
    rows.push_back(std::move(row));
  compared.claims = judge(rows, observations.size());
  hold_against_cycles(compared.claims);
  compared.clock_a = mean_of(timed.clocks_a);
  compared.clock_b = mean_of(timed.clocks_b);
  compared.verdict = verdict_of(compared.claims);
  return compared;
}

}  // namespace sameseed
