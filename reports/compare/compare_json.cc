// compare.json: here types end and JSON begins.
#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/compare/claims.h"
#include "reports/compare/compare.h"

namespace sameseed {
namespace {

using nlohmann::json;

json or_null(const std::optional<double>& value) { return value ? json(*value) : json(); }

json side_json(const ComparedRun& run) {
  return {{"folder", run.folder},
          {"name", run.name},
          {"started", run.started ? json(*run.started) : json()},
          {"cohort", run.cohort},
          {"differs", run.differs}};
}

json cohort_json(const Compared& compared) {
  json list = json::array();
  for (const CohortDifference& difference : compared.differences)
    list.push_back({{"field", difference.field},
                    {"a", difference.a},
                    {"b", difference.b},
                    {"allowed", difference.allowed.empty() ? json() : json(difference.allowed)}});
  return {{"varied", compared.varied},
          {"not_varied", compared.not_varied},
          {"comparable", compared.comparable},
          {"differences", std::move(list)}};
}

json interval_or_null(const std::optional<Interval>& interval) {
  if (!interval) return nullptr;
  return {{"low", interval->low}, {"high", interval->high}};
}

json claim_json(const Claim& claim) {
  const Estimate& difference = claim.difference;
  json entry = {{"about", name_of(claim.about)},
                {"arm", claim.arm},
                {"setting", claim.setting ? json(*claim.setting) : json("all")},
                {"measure", claim.measure},
                {"unit", claim.unit},
                {"n", difference.n},
                {"difference", difference.n > 0 ? json(difference.value) : json()},
                {"interval", interval_or_null(difference.interval)},
                {"smallest_shown", or_null(claim.smallest_shown)},
                {"reading", claim.reading}};
  if (claim.margin) entry["margin"] = *claim.margin;
  if (claim.before) entry["loss_of_a"] = *claim.before;
  if (claim.needed) entry["needed"] = *claim.needed;
  if (!claim.cause.empty()) entry["cause"] = claim.cause;
  if (claim.relative)
    entry["relative"] = {{"difference", claim.relative->value},
                         {"interval", interval_or_null(claim.relative->interval)}};
  if (claim.off) entry["off"] = *claim.off;
  if (!claim.against.empty()) entry["against"] = claim.against;
  if (claim.pictures) {
    entry["pairs"] = claim.pictures->pairs;
    entry["loss"] = claim.pictures->loss;
    entry["floor"] = or_null(claim.pictures->floor);
  }
  return entry;
}

json rules_json(const Compared& compared) {
  return {{"claims", compared.claims.size()},
          {"observations", "prompts (their seeds averaged), A B B A blocks"},
          {"not_worse",
           {{"level", 1 - kNotWorseAlpha},
            {"method", "one-sided bootstrap-t of each claim; code 0 asks it of every one"}}},
          {"worse",
           {{"method",
             "Holm's step-down with resampled critical values (Romano and Wolf 2005): wild "
             "bootstrap-t, largest |t| of the family"},
            {"levels",
             {{"scores", confidence_of(Family::kScores)},
              {"totals", confidence_of(Family::kTotals)},
              {"parts", confidence_of(Family::kParts)},
              {"cycles", confidence_of(Family::kCycles)},
              {"pictures and switches", confidence_of(Family::kOther)}}}}},
          {"fewest_prompts", kFewestPrompts},
          {"fewest_blocks", kFewestBlocks},
          {"time_margin", compared.time_margin}};
}

json shortfalls_json(const std::vector<Shortfall>& shortfalls) {
  json list = json::array();
  for (const Shortfall& shortfall : shortfalls)
    list.push_back({{"code", shortfall.code}, {"text", shortfall.text}});
  return list;
}

}  // namespace

json compare_json(const Compared& compared) {
  const CompareVerdict& verdict = compared.verdict;
  json entry = {{"schema", "sameseed/compare/2"},
                {"a", side_json(compared.a)},
                {"b", side_json(compared.b)},
                {"cohort", cohort_json(compared)},
                {"shortfalls", shortfalls_json(compared.shortfalls)},
                {"claims", json::array()},
                {"verdict",
                 {{"code", verdict.code},
                  {"word", verdict.word},
                  {"differences", verdict.differences},
                  {"text", verdict.text}}}};
  if (verdict.code == 6) return entry;
  for (const Claim& claim : compared.claims) entry["claims"].push_back(claim_json(claim));
  entry["rules"] = rules_json(compared);
  entry["clocks"] = {{"a", or_null(compared.clock_a)},
                     {"b", or_null(compared.clock_b)},
                     {"unit", "MHz of the SM clock"}};
  return entry;
}

}  // namespace sameseed
