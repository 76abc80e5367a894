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

std::vector<std::string> judgeable_metrics() { return {std::begin(kJudged), std::end(kJudged)}; }

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

std::map<Prompt, LossesOfPrompt> losses_of_prompts(const SameComparison& comparison,
                                                   const ReportMetric& metric, const RunIndex& a,
                                                   const RunIndex& b, const PromptNames& prompts) {
  const auto ours = losses_of(comparison.first->pairs, metric, a),
             theirs = losses_of(comparison.second->pairs, metric, b);
  std::map<Prompt, LossesOfPrompt> losses;
  std::map<Prompt, double> seeds;
  for (const auto& [pair, loss] : theirs)
    if (const auto found = ours.find(pair); found != ours.end()) {
      const Prompt prompt = prompts.of(pair.prompt);
      LossesOfPrompt& sum = losses[prompt];
      sum.a += found->second;
      sum.b += loss;
      ++seeds[prompt];
    }
  for (auto& [prompt, sum] : losses) sum = {sum.a / seeds[prompt], sum.b / seeds[prompt]};
  return losses;
}

CompareRows score_rows(const RunIndex& a, const RunIndex& b, const ScoreMargins& margins,
                       const PromptNames& prompts, Observations& observations) {
  CompareRows rows;
  const std::vector<ReportMetric> metrics = judged_metrics(a, b);
  for (const SameComparison& comparison : same_comparisons(a, b))
    for (const ReportMetric& metric : metrics) {
      std::map<std::size_t, LossesOfPrompt> losses;
      for (const auto& [prompt, both] : losses_of_prompts(comparison, metric, a, b, prompts))
        losses[observations.number(prompt)] = both;
      if (losses.empty()) continue;
      rows.push_back(score_row({.about = About::kOwnReference,
                                .arm = "candidate",
                                .setting = comparison.first->setting,
                                .against = comparison.first->against,
                                .measure = metric.name,
                                .unit = metric.loss_unit()},
                               losses, margin_of(metric.name, margins)));
    }
  return rows;
}

}  // namespace sameseed
