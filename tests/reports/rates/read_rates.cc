// What a report says by itself: intervals, effects, readings beside the floor and the oracle.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/statistics/mean_test.h"
#include "reports/statistics/paired_bootstrap.h"
#include "reports/statistics/statistics.h"
#include "reports/summary/noise_floor.h"
#include "reports/summary/oracle.h"
#include "tests/reports/rates/rates.h"

namespace sameseed {
namespace {

using Ought = RateRow::Ought;

bool covers(const std::optional<Interval>& interval, double truth) {
  return interval && interval->low <= truth && truth <= interval->high;
}

bool mean_is_covered(const Losses& losses, Random& random) {
  std::vector<Scored> scores;
  for (const auto& [pair, loss] : draw(losses, random))
    scores.push_back({.value = loss, .case_id = {}, .observation = pair.prompt});
  return covers(summarize(std::move(scores), {}).mean.interval, 1);
}

// Effects of a family on one metric, observation by observation: none but the first has `mean`,
// all a spread of 1, a prompt's part of which is the same for its seeds.
std::vector<EffectEstimate> estimates(std::size_t effects, double within, double mean,
                                      Random& random) {
  constexpr std::size_t kPrompts = 12, kSeeds = 4;
  std::vector<PairKey> pairs;
  std::vector<std::vector<double>> rows(effects);
  for (std::size_t prompt = 0; prompt < kPrompts; ++prompt)
    for (std::size_t seed = 0; seed < kSeeds; ++seed)
      pairs.push_back({std::to_string(prompt), seed});
  for (std::size_t i = 0; i < effects; ++i)
    for (std::size_t prompt = 0; prompt < kPrompts; ++prompt) {
      const double shared = normal(random);
      for (std::size_t seed = 0; seed < kSeeds; ++seed)
        rows[i].push_back((i == 0 ? mean : 0) + std::sqrt(within) * shared +
                          std::sqrt(1 - within) * normal(random));
    }
  return estimate_family(over_prompts(rows, pairs));
}

bool is_shown(const EffectEstimate& effect) {
  return effect.half_width && std::abs(effect.mean) > *effect.half_width;
}

// So many metrics, relatives: their logarithms correlate by 0.7 on a prompt.
constexpr std::size_t kMetrics = 50;

struct Metrics {
  std::vector<double> ours, theirs;  // a metric each: the factor on the prompt's loss
};

Metrics noise_of(double sigma, Random& random) {
  Metrics noise;
  const double shared_ours = normal(random), shared_theirs = normal(random);
  for (std::size_t i = 0; i < kMetrics; ++i) {
    noise.ours.push_back(
        std::exp(sigma * (std::sqrt(0.7) * shared_ours + std::sqrt(0.3) * normal(random))));
    noise.theirs.push_back(
        std::exp(sigma * (std::sqrt(0.7) * shared_theirs + std::sqrt(0.3) * normal(random))));
  }
  return noise;
}

std::string metric_name(std::size_t i) { return "m" + std::to_string(10 + i); }

// Of a setting whose loss is `times` that of the floor on every prompt (sensitivities log-normal of
// sigma 1), both within 10 %.
struct FloorCase {
  std::vector<ScoredPair> pairs;
  FloorRow floor;
};

FloorCase floor_case(std::size_t prompts, double times, std::size_t metrics, Random& random) {
  FloorCase made;
  for (std::size_t i = 0; i < prompts; ++i) {
    ScoredPair ours{.pair = {.prompt = std::to_string(i)}, .scored = true}, theirs = ours;
    const double sensitivity = std::exp(normal(random));
    const Metrics noise = noise_of(0.1, random);
    for (std::size_t metric = 0; metric < metrics; ++metric) {
      ours.values[metric_name(metric)] = sensitivity * times * noise.ours[metric];
      theirs.values[metric_name(metric)] = sensitivity * noise.theirs[metric];
    }
    made.pairs.push_back(std::move(ours));
    made.floor.cases.push_back(std::move(theirs));
  }
  return made;
}

bool is_beyond_floor(std::size_t prompts, double times, Random& random) {
  const FloorCase made = floor_case(prompts, times, 1, random);
  return floor_reading(made.pairs, {&made.floor}, {.name = metric_name(0)}) == "beyond the floor";
}

// The first of all metrics, with Holm's correction over them.
bool is_beyond_floor_corrected(std::size_t prompts, double times, Random& random) {
  const FloorCase made = floor_case(prompts, times, kMetrics, random);
  std::vector<double> p;
  for (std::size_t metric = 0; metric < kMetrics; ++metric) {
    std::vector<double> differences;
    for (std::size_t i = 0; i < prompts; ++i)
      differences.push_back(made.pairs[i].values.at(metric_name(metric)) -
                            made.floor.cases[i].values.at(metric_name(metric)));
    p.push_back(test_mean(differences, 0).p_above);
  }
  return holm(p)[0] <= 0.05;
}

// Readings of all metrics: the candidate's loss against the oracle is `times` the reference's.
bool oracle_names_one(std::size_t prompts, double times, double noise_sigma, const char* wanted,
                      bool first_only, Random& random) {
  std::vector<ScoredPair> pairs;
  for (std::size_t i = 0; i < prompts; ++i) {
    const double sensitivity = std::exp(0.5 * normal(random));
    const Metrics noise = noise_of(noise_sigma, random);
    ScoredPair pair{.pair = {.prompt = std::to_string(i), .oracle = "o"}};
    for (std::size_t metric = 0; metric < kMetrics; ++metric) {
      pair.candidate_to_oracle[metric_name(metric)] = sensitivity * times * noise.ours[metric];
      pair.reference_to_oracle[metric_name(metric)] = sensitivity * noise.theirs[metric];
    }
    pairs.push_back(std::move(pair));
  }
  std::vector<ReportMetric> metrics;
  for (std::size_t metric = 0; metric < kMetrics; ++metric)
    metrics.push_back({.name = metric_name(metric)});
  const auto readings = oracle_of(pairs, metrics).value();
  if (first_only) return readings.at(metric_name(0)).reading == wanted;
  return std::ranges::any_of(readings, [&](const auto& one) {
    return one.second.reading == "candidate nearer" || one.second.reading == "reference nearer";
  });
}

// How often the interval of a ratio of times holds the true one, 1. `log_ratio` draws a block's.
RateRow ratio_row(std::size_t blocks, const char* of, double (*log_ratio)(Random&)) {
  return {.group = "interval of a ratio, 95 %",
          .what = fmt::format("{} blocks, {}: covers", blocks, of),
          .ought = Ought::kAtLeast,
          .bound = 0.93,
          .counts = [=](Random& random) {
            std::vector<double> ratios(blocks);
            for (double& ratio : ratios) ratio = log_ratio(random);
            return covers(summarize_log_ratios(ratios).interval, 1);
          }};
}

}  // namespace

std::vector<RateRow> interval_rows() {
  std::vector<RateRow> rows;
  for (const double sigma : {0.5, 1.0, 1.2})
    for (const std::size_t prompts : {std::size_t{6}, std::size_t{8}, std::size_t{12},
                                      std::size_t{24}, std::size_t{48}, std::size_t{96}}) {
      const Losses losses{.prompts = prompts, .seeds = 1, .sigma = sigma};
      rows.push_back(
          {.group = "interval of a mean, 95 %",
           .what = fmt::format("{} prompts, log-normal of sigma {:.1f}: covers", prompts, sigma),
           .ought = sigma < 1 ? Ought::kAtLeast : Ought::kToldOnly,
           .bound = 0.93,
           .counts = [=](Random& random) { return mean_is_covered(losses, random); }});
    }
  rows.push_back(
      {.group = "interval of a mean, 95 %",
       .what = "12 prompts x 4 seeds, correlation 0.9, sigma 0.5: covers",
       .ought = Ought::kAtLeast,
       .bound = 0.93,
       .counts = [](Random& random) { return mean_is_covered({.sigma = 0.5}, random); }});
  const auto log_normal_block = [](Random& random) { return 0.5 * normal(random); };
  for (const std::size_t blocks :
       {std::size_t{6}, std::size_t{12}, std::size_t{24}, std::size_t{600}})
    rows.push_back(ratio_row(blocks, "log-normal of sigma 0.5", log_normal_block));
  const auto block_with_hiccups = [](Random& random) {
    const double noise = 0.02 * normal(random),
                 hiccup = std::uniform_real_distribution<double>()(random);
    return hiccup < 0.05 ? noise + 0.15 : hiccup < 0.1 ? noise - 0.15 : noise;
  };
  for (const std::size_t blocks : {std::size_t{6}, std::size_t{12}, std::size_t{24}})
    rows.push_back(
        ratio_row(blocks, "2 % noise, in one of ten either arm 15 % slower", block_with_hiccups));
  return rows;
}

std::vector<RateRow> effect_rows() {
  std::vector<RateRow> rows;
  for (const double within : {0.6, 0.9})
    for (const std::size_t effects : {std::size_t{1}, std::size_t{12}})
      rows.push_back(
          {.group = "effects",
           .what = fmt::format("12 x 4, correlation {:.1f}, a family of {}, none real: any shown",
                               within, effects),
           .ought = Ought::kAtMost,
           .bound = 0.06,
           .counts = [=](Random& random) {
             return std::ranges::any_of(estimates(effects, within, 0, random), is_shown);
           }});
  for (const std::size_t effects : {std::size_t{1}, std::size_t{12}})
    rows.push_back({.group = "effects",
                    .what = fmt::format("12 x 4, correlation 0.9, a family of {}, one of 1.5 "
                                        "standard deviations: shown",
                                        effects),
                    .ought = Ought::kAtLeast,
                    .bound = 0.8,
                    .counts = [=](Random& random) {
                      return is_shown(estimates(effects, 0.9, 1.5, random)[0]);
                    }});
  return rows;
}

std::vector<RateRow> floor_rows_of_rates() {
  std::vector<RateRow> rows;
  for (const std::size_t prompts : {std::size_t{6}, std::size_t{12}, std::size_t{48}}) {
    rows.push_back({.group = "noise floor",
                    .what = fmt::format("{} prompts, a loss like the floor's: beyond it", prompts),
                    .ought = Ought::kAtMost,
                    .bound = 0.05,
                    .counts = [=](Random& random) { return is_beyond_floor(prompts, 1, random); }});
    rows.push_back(
        {.group = "noise floor",
         .what = fmt::format("{} prompts, 1.5 x the floor: beyond it", prompts),
         .ought = Ought::kAtLeast,
         .bound = prompts < 12 ? 0.6 : 0.9,
         .counts = [=](Random& random) { return is_beyond_floor(prompts, 1.5, random); }});
  }
  for (const std::size_t prompts : {std::size_t{6}, std::size_t{12}, std::size_t{48}})
    rows.push_back({.group = "noise floor",
                    .what = fmt::format("{} prompts, 1.5 x the floor, if all 50 metrics were "
                                        "corrected (they are not): one of them beyond it",
                                        prompts),
                    .counts = [=](Random& random) {
                      return is_beyond_floor_corrected(prompts, 1.5, random);
                    }});
  return rows;
}

std::vector<RateRow> oracle_rows() {
  std::vector<RateRow> rows;
  for (const std::size_t prompts : {std::size_t{6}, std::size_t{12}})
    rows.push_back({.group = "oracle",
                    .what = fmt::format("{} prompts, 50 metrics, neither nearer: any reading says "
                                        "so",
                                        prompts),
                    .ought = Ought::kAtMost,
                    .bound = 0.05,
                    .counts = [=](Random& random) {
                      return oracle_names_one(prompts, 1, 0.2, "", false, random);
                    }});
  for (const double noise : {0.1, 0.2})
    for (const std::size_t prompts : {std::size_t{6}, std::size_t{12}, std::size_t{24}})
      rows.push_back({.group = "oracle",
                      .what = fmt::format("{} prompts, the candidate 30 % farther, each arm within "
                                          "{:.0f} %: one metric says so",
                                          prompts, 100 * noise),
                      .ought = noise < 0.15 && prompts >= 12 ? Ought::kAtLeast : Ought::kToldOnly,
                      .bound = 0.8,
                      .counts = [=](Random& random) {
                        return oracle_names_one(prompts, 1.3, noise, "reference nearer", true,
                                                random);
                      }});
  return rows;
}

}  // namespace sameseed
