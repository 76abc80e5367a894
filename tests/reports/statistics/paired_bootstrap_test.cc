#include "reports/statistics/paired_bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "reports/statistics/factorial.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(PairedBootstrap, GivesMeanAndSpreadOfThePairsThatAreThere) {
  const auto [n, mean, spread, half_width] = estimate_family({{1, kNaN, 3}})[0];
  EXPECT_EQ(n, 2u);
  EXPECT_EQ(mean, 2);
  EXPECT_DOUBLE_EQ(spread, std::sqrt(2.0));
  EXPECT_FALSE(half_width);
}

TEST(PairedBootstrap, OfSixPairsOrMoreHasAnInterval) {
  const auto five = estimate_family({{1, 2, 3, 4, 5}})[0],
             six = estimate_family({{1, 2, 3, 4, 5, 6}})[0];
  EXPECT_FALSE(five.half_width);
  ASSERT_TRUE(six.half_width);
  EXPECT_GT(*six.half_width, 0);
  EXPECT_TRUE(std::isfinite(*six.half_width));
}

TEST(PairedBootstrap, OfOnePairOrNoneIsNoEstimateOfSpread) {
  EXPECT_EQ(estimate_family({{0.5}})[0].spread, 0);
  EXPECT_FALSE(estimate_family({{0.5}})[0].half_width);
  EXPECT_EQ(estimate_family({{kNaN}})[0].n, 0u);
  EXPECT_TRUE(estimate_family({}).empty());
}

TEST(PairedBootstrap, OfEffectsThatNeverVaryIsExact) {
  const auto results =
      estimate_family({{0, 0, 0, 0, 0, 0}, {0.1, 0.1, 0.1, 0.1, 0.1, 0.1}, {1, 2, 3, 4, 5, 6}});
  EXPECT_EQ(*results[0].half_width, 0);
  EXPECT_EQ(*results[1].half_width, 0);
  EXPECT_GT(*results[2].half_width, 0);
}

// Resampling with replacement would miss the only pair that differs in every third drawing.
TEST(PairedBootstrap, StaysFiniteWhereOnePairAloneDiffers) {
  std::vector<double> row(12, 0);
  row[3] = 1;
  const EffectEstimate one = estimate_family({row})[0];
  ASSERT_TRUE(one.half_width);
  EXPECT_TRUE(std::isfinite(*one.half_width));
  EXPECT_GT(*one.half_width, one.mean);
}

// Twenty independent effects of which none is real.
std::vector<std::vector<double>> twenty_of_noise(std::size_t observations) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> noise;
  std::vector<std::vector<double>> rows(20, std::vector<double>(observations));
  for (auto& row : rows)
    for (double& value : row) value = noise(random);
  return rows;
}

TEST(PairedBootstrap, WidensWithTheFamily) {
  const auto rows = twenty_of_noise(12);
  EXPECT_GT(*estimate_family(rows)[0].half_width, 1.2 * *estimate_family({rows[0]})[0].half_width);
}

// Of m independent effects on many observations the interval is that of the largest of m normal
// variables: 1.960, and 3.016 for 20 (0.95^(1/20) within). 1999 resamples are good to 3 %.
TEST(PairedBootstrap, OfManyObservationsHasTheWidthOfTheLargestOfNormalVariables) {
  const auto rows = twenty_of_noise(5000);
  const auto width = [](const EffectEstimate& effect) {
    return *effect.half_width * std::sqrt(5000.0) / effect.spread;
  };
  EXPECT_NEAR(width(estimate_family({rows[0]})[0]), 1.960, 0.06);
  EXPECT_NEAR(width(estimate_family(rows)[0]), 3.016, 0.09);
  EXPECT_EQ(width(estimate_family({rows[0], rows[0]})[0]), width(estimate_family({rows[0]})[0]));
}

TEST(PairedBootstrap, SaysHowManyObservationsWouldDo) {
  // c = 3 sqrt(16) / 4 = 3: ((3 + 0.8416) 4 / 2)^2 = 59.03.
  EXPECT_EQ(observations_needed({.n = 16, .mean = -2, .spread = 4, .half_width = 3}), 60);
  // Never the number that failed to show it, and nothing without an interval or beside a claim.
  EXPECT_EQ(observations_needed({.n = 6, .mean = 2.999, .spread = 1, .half_width = 3}), 8);
  const auto six = estimate_family({{1, 1.2, 0.1, -0.4, 0.3, 1.1}})[0];
  ASSERT_GT(*six.half_width, six.mean);
  EXPECT_GT(*observations_needed(six), 6);
  EXPECT_FALSE(observations_needed({.n = 5, .mean = 1, .spread = 2}));
  EXPECT_FALSE(observations_needed({.n = 16, .mean = 4, .spread = 4, .half_width = 3}));
  EXPECT_FALSE(observations_needed({.n = 16, .mean = 0, .spread = 4, .half_width = 3}));
}

TEST(PairedBootstrap, AsksForAsManyObservationsAsItsConfidenceTakes) {
  EXPECT_EQ(fewest_observations(0.95), 6u);
  EXPECT_EQ(fewest_observations(0.99), 8u);
  const std::vector<double> seven = {1, 2, 3, 4, 5, 6, 7};
  EXPECT_TRUE(estimate_family({seven})[0].half_width);
  EXPECT_FALSE(estimate_family({seven}, {.confidence = 0.99})[0].half_width);
}

// 1,000 synthetic runs of a 2 x 2 x 3 factorial.
struct Factorial {
  std::vector<Effect> effects;
  Table truth;  // the planted size of every setting, as one unit
};

Factorial factorial(double planted) {
  const std::vector<SweepAxis> axes = {
      {.name = "candidate.env.ONEFLOW_A", .values = {"0", "1"}},
      {.name = "candidate.env.ONEFLOW_B", .values = {"0", "1"}},
      {.name = "candidate.request.deepcache", .values = {nullptr, "3/0/0", "5/0/0"}}};
  Settings settings;
  std::vector<double> truth;
  for (std::size_t a = 0; a < 2; ++a)
    for (std::size_t b = 0; b < 2; ++b)
      for (std::size_t c = 0; c < 3; ++c) {
        Setting setting;
        setting["candidate.env.ONEFLOW_A"] = axes[0].values[a];
        setting["candidate.env.ONEFLOW_B"] = axes[1].values[b];
        setting["candidate.request.deepcache"] = axes[2].values[c];
        settings.push_back(setting);
        const auto x = static_cast<double>(a), y = static_cast<double>(b),
                   z = static_cast<double>(c);
        truth.push_back(planted * (x + 0.5 * y + 2 * z + 0.7 * x * y));
      }
  return {effects_of(switches_of(axes), settings), {truth}};
}

struct Tally {
  int covered = 0, silent = 0;  // runs: all intervals hold the truth; nothing was shown
};

template <typename Rows>
Tally tally_runs(const Factorial& design, Rows rows_of_run) {
  const Table truth = rows_over_pairs(design.effects, design.truth);
  std::mt19937_64 random(20261124);
  Tally tally;
  for (std::uint64_t run = 0; run < 1000; ++run) {
    const auto results = estimate_family(rows_of_run(random), {.resamples = 499, .seed = run});
    bool covered = true, silent = true;
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!results[i].half_width) continue;
      covered = covered && std::abs(results[i].mean - truth[i][0]) <= *results[i].half_width;
      silent = silent && std::abs(results[i].mean) <= *results[i].half_width;
    }
    tally.covered += covered;
    tally.silent += silent;
  }
  return tally;
}

// A pair's difficulty is log-normal and shared by its settings; around it lie the planted effects
// and noise of Student's t with 5 degrees of freedom, larger on difficult pairs. Where they are
// proportional, the effects too grow with the difficulty.
Tally runs_of_pairs(int pairs, double planted, bool proportional = false) {
  const Factorial design = factorial(planted);
  constexpr double kSigma = 0.25;
  return tally_runs(design, [&](std::mt19937_64& random) {
    std::normal_distribution<double> normal;
    std::student_t_distribution<double> heavy(5);
    Table losses(static_cast<std::size_t>(pairs));
    for (auto& of_pair : losses) {
      const double difficulty = std::exp(kSigma * normal(random) - kSigma * kSigma / 2);
      for (const double effect : design.truth[0])
        of_pair.push_back(difficulty * (5 + 0.3 * heavy(random)) +
                          (proportional ? difficulty : 1) * effect);
    }
    return rows_over_pairs(design.effects, losses);
  });
}

// Logarithms of ratios, each setting's blocks independent of all others'.
Tally runs_of_blocks(int blocks, double planted) {
  const Factorial design = factorial(planted);
  return tally_runs(design, [&](std::mt19937_64& random) {
    std::student_t_distribution<double> heavy(5);
    Table logarithms(static_cast<std::size_t>(blocks));
    for (auto& of_block : logarithms)
      for (const double effect : design.truth[0]) of_block.push_back(effect + 0.02 * heavy(random));
    return rows_over_blocks(design.effects, logarithms);
  });
}

// Binomial: 950 +- 6.9 of 1,000 runs; three of these, so that no seed need be a lucky one.
constexpr int kNominal = 950, kThreeSigma = 21;

class SyntheticRuns : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Pairs, SyntheticRuns, ::testing::Values(8, 12, 24, 48));

TEST_P(SyntheticRuns, CoverAllPlantedEffectsAtTheNominalRate) {
  const Tally tally = runs_of_pairs(GetParam(), 0.2);
  RecordProperty("covered", tally.covered);
  EXPECT_NEAR(tally.covered, kNominal, kThreeSigma);
  EXPECT_LT(tally.silent, 700);  // and are not merely wide
}

TEST_P(SyntheticRuns, SayNoneShownAtTheFamilyWiseRateWhereNothingWasPlanted) {
  const Tally tally = runs_of_pairs(GetParam(), 0);
  RecordProperty("silent", tally.silent);
  EXPECT_NEAR(tally.silent, kNominal, kThreeSigma);
}

// Signs cannot see that the mean of a log-normal is skewed.
TEST_P(SyntheticRuns, CoverProportionalEffectsNearlyAtTheNominalRate) {
  const Tally tally = runs_of_pairs(GetParam(), 0.2, true);
  RecordProperty("covered", tally.covered);
  EXPECT_GE(tally.covered, kNominal - 2 * kThreeSigma);
}

class SyntheticBlocks : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Blocks, SyntheticBlocks, ::testing::Values(2, 3, 5, 10));

// With two blocks what contexts differ by counts as noise: intervals may be wider then.
TEST_P(SyntheticBlocks, CoverTimesAtTheNominalRate) {
  const Tally planted = runs_of_blocks(GetParam(), 0.1), nothing = runs_of_blocks(GetParam(), 0);
  RecordProperty("covered", planted.covered);
  RecordProperty("silent", nothing.silent);
  EXPECT_NEAR(nothing.silent, kNominal, kThreeSigma);
  EXPECT_GE(planted.covered, kNominal - kThreeSigma);
  if (GetParam() > 2) {
    EXPECT_LE(planted.covered, kNominal + kThreeSigma);
    EXPECT_EQ(planted.silent, 0);
  }
}

}  // namespace
}  // namespace sameseed
