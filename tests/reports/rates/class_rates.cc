// How often a setting is given a class that is better than its own, and how often its own.
#include <fmt/format.h>

#include <cmath>

#include "reports/summary/comparison.h"
#include "reports/summary/noise_floor.h"
#include "tests/reports/rates/rates.h"

namespace sameseed {
namespace {

using Ought = RateRow::Ought;

constexpr std::size_t kOtherMetrics = 47;  // beside the headline's: 50 in all, as a run has

struct ClassTruth {
  std::size_t prompts = 12;
  double noise = 0.1;  // each arm's own, log-normal
  double floor = 0;    // the loss over the floor's; 0: none was measured
  double oracle = 0;   // the candidate's distance from the oracle over the reference's; 0: none
  bool one_metric = false;  // only the first is beyond the floor, all others are like it
  double sigma = 1;         // of the prompts' sensitivities
};

std::vector<ReportMetric> metrics_of_a_run() {
  std::vector<ReportMetric> metrics;
  for (const std::string& name : headline_metrics()) metrics.push_back({.name = name});
  for (std::size_t i = 0; i < kOtherMetrics; ++i)
    metrics.push_back({.name = fmt::format("m{}", i)});
  return metrics;
}

// Of one arm on one prompt: metrics go together by .7.
std::map<std::string, double> losses_of_metrics(const std::vector<ReportMetric>& metrics,
                                                double level, double noise, Random& random) {
  std::map<std::string, double> losses;
  const double shared = normal(random);
  for (const ReportMetric& metric : metrics)
    losses[metric.name] =
        level * std::exp(noise * (std::sqrt(0.7) * shared + std::sqrt(0.3) * normal(random)));
  return losses;
}

std::string class_drawn(const ClassTruth& truth, Random& random) {
  static const std::vector<ReportMetric> metrics = metrics_of_a_run();
  Comparison comparison{.status = "ok"};
  FloorRow floor{.id = "f", .arm = "reference", .kind = "second process"};
  for (std::size_t i = 0; i < truth.prompts; ++i) {
    const double level = std::exp(truth.sigma * normal(random));
    ScoredPair pair{.pair = {.prompt = std::to_string(i)},
                    .scored = true,
                    .equal_pictures = false,
                    .equal_latents = false,
                    .pictures = {.candidate = "c", .reference = "r"}};
    pair.values = losses_of_metrics(metrics, level, truth.noise, random);
    if (truth.floor > 0) {
      floor.cases.push_back({.pair = pair.pair, .scored = true});
      floor.cases.back().values =
          losses_of_metrics(metrics, level / truth.floor, truth.noise, random);
    }
    if (truth.one_metric)
      for (auto& [metric, loss] : floor.cases.back().values)
        if (metric != headline_metrics().front()) loss *= truth.floor;
    if (truth.oracle > 0) {
      pair.pair.oracle = "o";
      pair.candidate_to_oracle =
          losses_of_metrics(metrics, level * truth.oracle, truth.noise, random);
      pair.reference_to_oracle = losses_of_metrics(metrics, level, truth.noise, random);
    }
    comparison.pairs.push_back(std::move(pair));
  }
  if (truth.floor > 0)
    for (const ReportMetric& metric : metrics)
      comparison.quality[metric.name].floors["f"] = {.row = "f"};
  comparison.oracle = oracle_of(comparison.pairs, metrics);
  return class_label(class_of(comparison, {floor}, metrics));
}

RateRow class_row(const std::string& what, const ClassTruth& truth, const std::string& label,
                  Ought ought, double bound) {
  return {.group = "class of a setting",
          .what = what,
          .ought = ought,
          .bound = bound,
          .counts = [=](Random& random) { return class_drawn(truth, random) == label; }};
}

}  // namespace

std::vector<RateRow> class_rows() {
  std::vector<RateRow> rows;
  for (const std::size_t prompts : {std::size_t{6}, std::size_t{12}, std::size_t{48}}) {
    rows.push_back(class_row(
        fmt::format("{} prompts, 1.5 x the floor in all metrics: called within the floor", prompts),
        {.prompts = prompts, .floor = 1.5}, "within the floor", Ought::kAtMost, 0.05));
    rows.push_back(class_row(
        fmt::format("{} prompts, 1.5 x the floor in LPIPS only: called within the floor", prompts),
        {.prompts = prompts, .floor = 1.5, .one_metric = true}, "within the floor", Ought::kAtMost,
        0.05));
    rows.push_back(class_row(
        fmt::format("{} prompts, a loss like the floor's: called within the floor", prompts),
        {.prompts = prompts, .floor = 1}, "within the floor",
        prompts < 12 ? Ought::kToldOnly : Ought::kAtLeast, 0.8));
  }
  for (const double noise : {0.1, 0.2})
    for (const std::size_t prompts : {std::size_t{6}, std::size_t{12}, std::size_t{24}}) {
      const std::string of =
          fmt::format("{} prompts, each arm within {:.0f} %, ", prompts, 100 * noise);
      rows.push_back(class_row(of + "the candidate 1.5 x as far: called other rounding",
                               {.prompts = prompts, .noise = noise, .oracle = 1.5, .sigma = 0.5},
                               "other rounding", Ought::kAtMost, 0.05));
      rows.push_back(class_row(of + "as far as the reference: called other rounding",
                               {.prompts = prompts, .noise = noise, .oracle = 1, .sigma = 0.5},
                               "other rounding", prompts >= 12 ? Ought::kAtLeast : Ought::kToldOnly,
                               0.8));
      rows.push_back(class_row(of + "as far as the reference: called approximate",
                               {.prompts = prompts, .noise = noise, .oracle = 1, .sigma = 0.5},
                               "approximate", Ought::kAtMost, 0.05));
    }
  return rows;
}

}  // namespace sameseed
