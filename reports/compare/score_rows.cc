#include <algorithm>
#include <cmath>
#include <iterator>

#include "reports/compare/compare_rows.h"

namespace sameseed {
namespace {

// With all metrics, most of them relatives, a real change would drown in its family.
constexpr const char* kJudged[] = {"lpips.alex",
                                   "ssim.gaussian",
                                   "psnr.rgb",
                                   "color.delta_e_mean",
                                   "detail.high_frequency_ratio",
                                   "flip.mean",
                                   "local.noise_sigma",
                                   "latents.relative_l2"};

const ReportMetric* available_metric(const RunIndex& run, const std::string& name) {
  const auto found = std::ranges::find(run.metrics(), name, &ReportMetric::name);
  return found == run.metrics().end() || !found->available() ? nullptr : &*found;
}

// Finite losses only.
std::map<PairKey, double> losses_of(const std::vector<Pair>& pairs, const ReportMetric& metric,
                                    const RunIndex& run) {
  std::map<PairKey, double> losses;
  for (const Pair& pair : pairs)
    if (const auto value = run.score(pair.candidate, pair.reference, metric.name))
      if (const double loss = metric.loss(*value); std::isfinite(loss))
        losses[{pair.prompt, pair.seed}] = loss;
  return losses;
}

}  // namespace

std::vector<ReportMetric> judged_metrics(const RunIndex& a, const RunIndex& b) {
  std::vector<ReportMetric> list;
  for (const char* name : kJudged) {
    const ReportMetric *ours = available_metric(a, name), *theirs = available_metric(b, name);
    if (ours && theirs && ours->definition == theirs->definition) list.push_back(*ours);
  }
  return list;
}

std::vector<SameComparison> same_comparisons(const RunIndex& a, const RunIndex& b) {
  std::vector<SameComparison> list;
  for (const PlannedComparison& ours : a.plan().comparisons) {
    const auto theirs =
        std::ranges::find_if(b.plan().comparisons, [&](const PlannedComparison& other) {
          return other.against == ours.against && other.setting == ours.setting;
        });
    if (theirs != b.plan().comparisons.end()) list.emplace_back(&ours, &*theirs);
  }
  return list;
}

std::map<PairKey, double> score_changes(const SameComparison& comparison,
                                        const ReportMetric& metric, const RunIndex& a,
                                        const RunIndex& b) {
  const auto ours = losses_of(comparison.first->pairs, metric, a),
             theirs = losses_of(comparison.second->pairs, metric, b);
  std::map<PairKey, double> changes;
  for (const auto& [pair, loss] : theirs)
    if (const auto found = ours.find(pair); found != ours.end())
      changes[pair] = loss - found->second;
  return changes;
}

CompareRows score_rows(const RunIndex& a, const RunIndex& b, Observations& observations) {
  CompareRows rows;
  const std::vector<ReportMetric> metrics = judged_metrics(a, b);
  for (const SameComparison& comparison : same_comparisons(a, b))
    for (const ReportMetric& metric : metrics) {
      CompareRow row{.claim = {.about = About::kOwnReference,
                               .arm = "candidate",
                               .setting = comparison.first->setting,
                               .against = comparison.first->against,
                               .measure = metric.name,
                               .unit = metric.loss_unit()}};
      for (const auto& [pair, change] : score_changes(comparison, metric, a, b))
        row.values[observations.number(pair)] = change;
      if (!row.values.empty()) rows.push_back(std::move(row));
    }
  return rows;
}

}  // namespace sameseed
