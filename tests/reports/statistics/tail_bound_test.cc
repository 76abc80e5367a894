#include "reports/statistics/tail_bound.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace sameseed {
namespace {

TEST(Worst5Bound, IsZeroWhereNoPairLostAnything) {
  EXPECT_EQ(worst5_bound(std::vector<double>(6, 0.0)), 0.0);
}

TEST(Worst5Bound, IsTheLossWhereAllPairsLoseTheSame) {
  EXPECT_NEAR(*worst5_bound(std::vector<double>(8, 0.25)), 0.25, 1e-12);
}

TEST(Worst5Bound, NeedsSixPairs) {
  EXPECT_FALSE(worst5_bound({0.1, 0.2, 0.3, 0.4, 0.5}));
  EXPECT_TRUE(worst5_bound({0.1, 0.2, 0.3, 0.4, 0.5, 0.6}));
}

TEST(Worst5Bound, GrowsWithTheLossesAndWithTheFamily) {
  const std::vector<double> losses = {0.1, 0.2, 0.15, 0.3, 0.12, 0.22, 0.18};
  std::vector<double> doubled;
  for (const double loss : losses) doubled.push_back(2 * loss);
  const double bound = *worst5_bound(losses);
  EXPECT_GT(bound, 0.3);  // more than the worst of seven
  EXPECT_NEAR(*worst5_bound(doubled), 2 * bound, 1e-9 * bound);
  EXPECT_GT(*worst5_bound(losses, {.family = 10}), bound);
}

// 400 samples each; a coverage of 95 % shows as 95 +- 2.2 % in 95 of 100 such simulations. Drawings
// with replacement cover 44 to 74 % here.
TEST(Worst5Bound, HoldsAsOftenAsItSays) {
  for (const double sigma : {0.25, 1.0})
    for (const std::size_t n : {std::size_t{6}, std::size_t{24}}) {
      // exp(s^2 / 2) Phi(s - q) / 0.05
      const double truth =
          std::exp(sigma * sigma / 2) * std::erfc((1.6448536 - sigma) / std::sqrt(2.0)) / 2 / 0.05;
      std::mt19937_64 random(7);
      std::normal_distribution<double> normal;
      int held = 0;
      for (int run = 0; run < 400; ++run) {
        std::vector<double> losses(n);
        for (double& loss : losses) loss = std::exp(sigma * normal(random));
        held += *worst5_bound(losses) >= truth;
      }
      EXPECT_GE(held, 0.92 * 400) << sigma << " " << n;
      EXPECT_LE(held, 0.98 * 400) << sigma << " " << n;
    }
}

TEST(Worst5Test, LeavesNoDoubtWhereAllPairsLoseTheSame) {
  const StatisticTest test = test_worst5(std::vector<double>(8, 0.25), 0.2);
  EXPECT_EQ(test.p_above, 0);
  EXPECT_EQ(test.p_at_most, 1);
  EXPECT_EQ(test_worst5(std::vector<double>(8, 0.0), 0).p_at_most, 0);  // identical pictures
}

TEST(Worst5Test, NeverShowsWhatThePairsThemselvesDeny) {
  const std::vector<double> losses = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.9};
  EXPECT_EQ(test_worst5(losses, 0.8).p_at_most, 1);  // a pair of ten is beyond
  EXPECT_EQ(test_worst5(losses, 0.95).p_above, 1);   // none is
  EXPECT_EQ(test_worst5(losses, 0.8).estimate, 0.9);
}

TEST(Worst5Test, HasBoundsThatAgreeWithItsChances) {
  const std::vector<double> losses = {0.1, 0.2, 0.15, 0.3, 0.12, 0.22, 0.18, 0.25};
  const StatisticTest test = test_worst5(losses, 1);
  ASSERT_TRUE(test.low && test.high);
  EXPECT_LT(*test.low, test.estimate);
  EXPECT_GT(*test.high, test.estimate);
  EXPECT_LE(test_worst5(losses, *test.high * 1.01).p_at_most, 0.05);
  EXPECT_GT(test_worst5(losses, *test.high * 0.99).p_at_most, 0.05);
  EXPECT_LE(test_worst5(losses, *test.low * 0.99).p_above, 0.05);
  EXPECT_GT(test_worst5(losses, *test.low * 1.01).p_above, 0.05);
}

TEST(Worst5Test, ShowsNothingWithFewerThanSixPairs) {
  EXPECT_EQ(test_worst5({1, 1, 1, 1, 1}, 0.1).p_above, 1);
  EXPECT_FALSE(test_worst5({1, 1, 1, 1, 1}, 0.1).high);
}

// Losses whose true mean of the worst 5 % is the threshold: either claim is wrong in 5 % of 400
// runs, 20; three standard errors more are 33.
TEST(Worst5Test, ErrsInAtMostAlphaOfRunsOnTheThreshold) {
  for (const double sigma : {0.25, 1.0}) {
    const double truth =
        std::exp(sigma * sigma / 2) * std::erfc((1.6448536 - sigma) / std::sqrt(2.0)) / 2 / 0.05;
    std::mt19937_64 random(11);
    std::normal_distribution<double> normal;
    int above = 0, at_most = 0;
    for (int run = 0; run < 400; ++run) {
      std::vector<double> losses(12);
      for (double& loss : losses) loss = std::exp(sigma * normal(random));
      const StatisticTest test = test_worst5(losses, truth);
      above += test.p_above <= 0.05;
      at_most += test.p_at_most <= 0.05;
    }
    EXPECT_LE(above, 33) << sigma;
    EXPECT_LE(at_most, 33) << sigma;
    EXPECT_GE(at_most, 4) << sigma;
  }
}

}  // namespace
}  // namespace sameseed
