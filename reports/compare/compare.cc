#include "reports/compare/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>

#include "reports/compare/cohort_difference.h"
#include "reports/compare/compare_rows.h"
#include "reports/statistics/step_down.h"

namespace sameseed {
namespace {

using nlohmann::json;

// At 95 % one of twenty comparisons of equal drivers would show a difference, and be believed.
constexpr FamilyOptions kFamily{.level = 0.99};

// The same case wherever its model lies: its environment and request, less prompt and seed.
json same_case(const json& one, const RunIndex& run) {
  const json& environment = *run.environment(one.at("environment"));
  json load = environment.at("load"), request = one.at("request");
  for (const char* folder : {"model", "vae"})
    if (load.contains(folder) && load.at(folder).is_string())
      load[folder] = std::filesystem::path(load.at(folder).get<std::string>()).filename().string();
  request.erase("prompt");
  request.erase("seed");
  return {{"engine", environment.at("engine")},
          {"variables", environment.at("variables")},
          {"load", std::move(load)},
          {"request", std::move(request)},
          {"noise_precision", one.value("noise_precision", json())}};
}

// An id stands for one picture in its own run only.
using PictureKey = std::tuple<json, json, json>;  // same case, prompt, seed

std::map<PictureKey, std::string> pictures_of(const RunIndex& run) {
  std::map<PictureKey, std::string> pictures;
  for (const json& comparison : run.files().plan.at("comparisons"))
    for (const json& pair : comparison.at("pairs"))
      for (const char* side : {"candidate", "reference"}) {
        const json& one = *run.case_of(pair.at(side));
        pictures.emplace(PictureKey{same_case(one, run), pair.at("prompt"), pair.at("seed")},
                         one.at("id"));
      }
  return pictures;
}

// The axes that an arm sees: its own, and those of both.
json seen_by(const std::string& arm, const json& setting) {
  json seen = json::object();
  for (const auto& [axis, value] : setting.items())
    if (axis.starts_with("both.") || axis.starts_with(arm + ".")) seen[axis] = value;
  return seen;
}

const char* reading_of(const json& claim, const EffectEstimate& estimate, bool shown) {
  const std::string about = claim.at("about");
  const bool up = estimate.mean > 0;
  if (about == "pictures") {
    if (claim.at("loss") == 0) return "equal";
    if (claim.at("floor").is_null()) return "different, no floor was measured";
    if (claim.at("floor") == 0) return "different";  // deterministic: any difference is real
  }
  if (estimate.n > 0 && estimate.mean == 0 && estimate.spread == 0) return "equal";
  if (!estimate.half_width) return "too few";
  if (!shown || (about == "pictures" && !up)) return "no difference shown";
  if (about == "pictures") return "beyond the floor";
  if (claim.at("unit") == "ratio") return up ? "slower" : "faster";
  return up ? "worse" : "better";
}

bool is_difference(const json& claim) {
  const std::string reading = claim.at("reading");
  return reading != "equal" && reading != "no difference shown" && reading != "too few" &&
         reading != "different, no floor was measured";
}

// A change of time is the driver's where it stands in clock cycles too.
void hold_against_cycles(json& claims) {
  std::map<json, const json*> cycles;
  const auto key = [](const json& claim) {
    return json{claim.at("arm"), claim.at("setting"), claim.at("measure")};
  };
  for (const json& claim : claims)
    if (claim.at("about") == "cycles") cycles[key(claim)] = &claim;
  for (json& claim : claims) {
    if (claim.at("about") != "speed" || !is_difference(claim)) continue;
    const auto found = cycles.find(key(claim));
    if (found == cycles.end() || found->second->at("reading") == "too few") continue;
    if (found->second->at("reading") != claim.at("reading")) claim["reading"] = "another clock";
  }
}

json verdict_of(const json& claims) {
  std::set<std::string> worse, judged, short_of_units;
  std::size_t differences = 0;
  for (const json& claim : claims) {
    const std::string about = claim.at("about"), reading = claim.at("reading");
    const std::string kind = about == "cycles" ? "speed" : about;
    if (reading == "too few")
      short_of_units.insert(kind);
    else if (reading != "equal")
      judged.insert(kind);
    differences += is_difference(claim) && reading != "another clock";
    if (reading == "worse" || reading == "slower") worse.insert(kind);
  }
  const bool scores = worse.contains("own reference"), times = worse.contains("speed");
  int code = scores && times ? 4 : scores ? 2 : times ? 3 : 0;
  std::string text = claims.empty() ? "the runs have no pair in common" : "";
  for (const auto& [kind, units] : {std::pair{"own reference", "pairs"}, {"speed", "whole blocks"}})
    if (short_of_units.contains(kind) && !judged.contains(kind))
      text += fmt::format("{}{}: fewer than {} {}, nothing can be told", text.empty() ? "" : "; ",
                          kind, kFewestUnits, units);
  if (code == 0 && !text.empty()) code = 5;
  const char* word = differences > 0 ? "differences shown"
                     : code == 5     ? "inconclusive"
                                     : "no difference shown";
  return {{"code", code}, {"word", word}, {"differences", differences}, {"text", text}};
}

json side_entry(const RunIndex& run, const json& cohort) {
  const json& starts = run.files().starts;
  return {{"folder", run.files().folder},
          {"name", run.files().plan.at("name")},
          {"started", starts.empty() ? json() : starts.back().value("started", json())},
          {"cohort", cohort.at("hash")},
          {"differs", cohort.at("differs")}};
}

json cohort_entry(const json& a, const json& b, const std::vector<std::string>& varied) {
  json list = json::array();
  bool comparable = a.at("differs").empty() && b.at("differs").empty();
  for (const CohortDifference& one : cohort_differences(a, b, varied)) {
    comparable = comparable && !one.allowed.empty();
    list.push_back({{"field", one.field},
                    {"a", one.a},
                    {"b", one.b},
                    {"allowed", one.allowed.empty() ? json() : json(one.allowed)}});
  }
  return {{"varied", varied}, {"comparable", comparable}, {"differences", std::move(list)}};
}

void judge(json& claims, CompareRows& rows) {
  const Claims found = step_down(rows.rows(), rows.units(), rows.margins(), kFamily);
  for (std::size_t i = 0; i < found.estimates.size(); ++i) {
    const EffectEstimate& estimate = found.estimates[i];
    json claim = rows.entry(i);
    const bool ratio = claim.at("unit") == "ratio";
    const auto out = [&](double value) { return ratio ? std::exp(value) : value; };
    claim["n"] = estimate.n;
    claim["difference"] = estimate.n > 0 ? json(out(estimate.mean)) : json();
    claim["interval"] = nullptr;
    claim["smallest_shown"] = nullptr;
    if (estimate.half_width) {
      claim["interval"] = {{"low", out(estimate.mean - *estimate.half_width)},
                           {"high", out(estimate.mean + *estimate.half_width)}};
      const double smallest = *estimate.half_width + rows.margins()[i];
      claim["smallest_shown"] = ratio ? std::exp(smallest) - 1 : smallest;
    }
    claim["reading"] = reading_of(claim, estimate, found.shown[i]);
    claims.push_back(std::move(claim));
  }
}

}  // namespace

std::vector<SamePicture> same_pictures(const RunIndex& a, const RunIndex& b) {
  const auto theirs = pictures_of(b);
  std::vector<SamePicture> list;
  std::set<std::string> seen;
  // Settings are named by the comparisons with the reference; a case of theirs may stand in others.
  for (const char* kind : {"reference", "switches_off"})
    for (const json& comparison : a.files().plan.at("comparisons")) {
      if (comparison.at("kind") != kind) continue;
      for (const json& pair : comparison.at("pairs"))
        for (const std::string side : {"candidate", "reference"}) {
          const json& one = *a.case_of(pair.at(side));
          if (!seen.insert(one.at("id")).second) continue;
          SamePicture same{.a = one.at("id"),
                           .b = {},
                           .arm = kind == std::string("reference") || side == "candidate"
                                      ? side
                                      : "switches off",
                           .setting = seen_by(side, comparison.at("setting")),
                           .same_case = same_case(one, a),
                           .prompt = pair.at("prompt"),
                           .seed = pair.at("seed")};
          const auto found = theirs.find({same.same_case, same.prompt, same.seed});
          if (found == theirs.end()) continue;
          same.b = found->second;
          list.push_back(std::move(same));
        }
    }
  return list;
}

json compare_runs(const RunIndex& a, const RunIndex& b, const CompareOptions& options,
                  const AcrossScores& across) {
  const json cohort_a = comparable_cohort(a), cohort_b = comparable_cohort(b);
  json compared = {{"schema", "sameseed/compare/1"},
                   {"a", side_entry(a, cohort_a)},
                   {"b", side_entry(b, cohort_b)},
                   {"cohort", cohort_entry(cohort_a, cohort_b, options.varied)},
                   {"claims", json::array()}};
  if (!compared.at("cohort").at("comparable").get<bool>()) {
    compared["verdict"] = {{"code", 6},
                           {"word", "not comparable"},
                           {"differences", 0},
                           {"text", "the cohorts differ in what was not varied"}};
    return compared;
  }
  CompareRows rows(a, b, options.time_margin);
  rows.add_pictures(same_pictures(a, b), across);
  rows.add_scores();
  rows.add_times();
  rows.add_switches();
  judge(compared["claims"], rows);
  hold_against_cycles(compared["claims"]);
  compared["family"] = {
      {"level", kFamily.level},
      {"claims", compared.at("claims").size()},
      {"method",
       "Holm's step-down with resampled critical values (Romano and Wolf 2005): wild bootstrap-t "
       "over (prompt, seed) pairs and A B B A blocks, largest |t| of the family"},
      {"resamples", kFamily.resamples},
      {"seed", kFamily.seed},
      {"fewest_units", kFewestUnits},
      {"time_margin", options.time_margin}};
  compared["clocks"] = rows.clocks();
  compared["verdict"] = verdict_of(compared.at("claims"));
  return compared;
}

}  // namespace sameseed
