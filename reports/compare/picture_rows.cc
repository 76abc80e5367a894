#include <cmath>
#include <set>

#include "reports/compare/compare_rows.h"

namespace sameseed {
namespace {

// Pair -> the mean loss of the arm's second process in both runs; only what both have.
std::map<PairKey, double> floors_of(const RunIndex& a, const RunIndex& b, const std::string& arm,
                                    const ReportMetric& metric) {
  struct Sum {
    double loss = 0;
    int count = 0, runs = 0;
  };
  std::map<PairKey, Sum> sums;
  for (const RunIndex* run : {&a, &b}) {
    std::set<PairKey> of_this_run;
    for (const PlannedFloorRow& row : run->plan().floor.value_or(std::vector<PlannedFloorRow>())) {
      if (row.kind != "second process" || row.arm != arm) continue;
      for (const Pair& pair : row.pairs) {
        const auto value = run->score(pair.candidate, pair.reference, metric.name);
        if (!value || !std::isfinite(metric.loss(*value))) continue;
        const PairKey key{pair.prompt, pair.seed};
        Sum& sum = sums[key];
        sum.loss += metric.loss(*value);
        ++sum.count;
        sum.runs += of_this_run.insert(key).second;
      }
    }
  }
  std::map<PairKey, double> floors;
  for (const auto& [pair, sum] : sums)
    if (sum.runs == 2) floors[pair] = sum.loss / sum.count;
  return floors;
}

using Group = std::vector<const SamePicture*>;  // of one case, less prompt and seed

// In the order of their first pictures.
std::vector<Group> groups_of(const std::vector<SamePicture>& pictures) {
  std::vector<Group> groups;
  std::map<nlohmann::json, std::size_t> places;
  for (const SamePicture& picture : pictures) {
    const auto [place, is_new] = places.emplace(picture.same_case, groups.size());
    if (is_new) groups.emplace_back();
    groups[place->second].push_back(&picture);
  }
  return groups;
}

// Nothing where no picture of the group has a score.
std::optional<CompareRow> picture_row(const Group& group, const ReportMetric& metric,
                                      const std::map<PairKey, double>& floors,
                                      const AcrossScores& across, const PromptNames& prompts,
                                      Observations& observations) {
  double total = 0, floor_total = 0;
  std::size_t pairs = 0, floored = 0;
  std::map<std::size_t, double> beyond, seeds;  // by prompt
  for (const SamePicture* picture : group) {
    const auto line = across.find({picture->b, picture->a});
    if (line == across.end()) continue;
    const auto value = line->second.value(metric.name);
    if (!value || !std::isfinite(metric.loss(*value))) continue;
    const double loss = metric.loss(*value);
    total += loss;
    ++pairs;
    const PairKey pair{picture->prompt, picture->seed};
    if (const auto floor = floors.find(pair); floor != floors.end()) {
      floor_total += floor->second;
      ++floored;
      const std::size_t prompt = observations.number(prompts.of(picture->prompt));
      beyond[prompt] += loss - floor->second;
      ++seeds[prompt];
    }
  }
  for (auto& [prompt, sum] : beyond) sum /= seeds[prompt];
  if (pairs == 0) return std::nullopt;
  const auto n = static_cast<double>(pairs);
  const bool measured = floored == pairs;
  if (!measured || floor_total == 0 || total == 0) beyond.clear();  // nothing to estimate
  Claim claim{.about = About::kPictures,
              .arm = group.front()->arm,
              .setting = group.front()->setting,
              .measure = metric.name,
              .unit = metric.loss_unit()};
  claim.pictures = {pairs, total / n, {}};
  if (measured) claim.pictures->floor = floor_total / n;
  return CompareRow{.claim = std::move(claim), .values = std::move(beyond)};
}

}  // namespace

CompareRows picture_rows(const RunIndex& a, const RunIndex& b,
                         const std::vector<SamePicture>& pictures, const AcrossScores& across,
                         const PromptNames& prompts, Observations& observations) {
  CompareRows rows;
  const std::vector<ReportMetric> metrics = judged_metrics(a, b);
  // (arm, metric) -> floors, made once
  std::map<std::pair<std::string, std::string>, std::map<PairKey, double>> known;
  for (const Group& group : groups_of(pictures))
    for (const ReportMetric& metric : metrics) {
      const std::string arm = group.front()->arm == "reference" ? "reference" : "candidate";
      const auto [floors, is_new] = known.try_emplace({arm, metric.name});
      if (is_new) floors->second = floors_of(a, b, arm, metric);
      if (auto row = picture_row(group, metric, floors->second, across, prompts, observations))
        rows.push_back(std::move(*row));
    }
  return rows;
}

}  // namespace sameseed
