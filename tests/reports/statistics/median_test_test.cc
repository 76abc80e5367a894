#include "reports/statistics/median_test.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace sameseed {
namespace {

TEST(MedianTest, HasTheChancesOfTheSignTest) {
  const std::vector<double> values = {1, 2, 3, 4, 5, 6, 7, 8, 9, -1};
  const StatisticTest test = test_median(values, 0);
  EXPECT_EQ(test.estimate, 4.5);
  EXPECT_NEAR(test.p_above, 11 / 1024.0, 1e-12);      // 9 or 10 heads of 10
  EXPECT_NEAR(test.p_at_most, 1023 / 1024.0, 1e-12);  // 1 or more
}

// Of 10 observations two at either end are outside: P(0 or 1 heads) = 11 / 1024, P(up to 2) = 56 /
// 1024.
TEST(MedianTest, HasOrderStatisticsForBounds) {
  const StatisticTest test = test_median({10, 1, 9, 2, 8, 3, 7, 4, 6, 5}, 0);
  EXPECT_EQ(test.low, 2);
  EXPECT_EQ(test.high, 9);
}

TEST(MedianTest, CountsUnitsOnTheThresholdAsWithin) {
  const std::vector<double> same(8, 0.5);
  EXPECT_NEAR(test_median(same, 0.5).p_at_most, 1 / 256.0, 1e-12);
  EXPECT_EQ(test_median(same, 0.5).p_above, 1);
  EXPECT_NEAR(test_median(same, 0.4).p_above, 1 / 256.0, 1e-12);
}

TEST(MedianTest, ShowsNothingWithFewerThanSixObservations) {
  const StatisticTest five = test_median({1, 1, 1, 1, 1}, 0);
  EXPECT_EQ(five.p_above, 1);
  EXPECT_EQ(five.p_at_most, 1);
  EXPECT_FALSE(five.low);
  EXPECT_EQ(test_median({}, 0).n, 0u);
}

// Skewed losses whose true median is the threshold. Of 17 observations the sign test errs in P(13
// heads or more) = 2.45 % of all runs: 500 have 12, three standard errors more are 23.
TEST(MedianTest, ErrsInAtMostAlphaOfRunsHoweverSkewed) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  int above = 0, at_most = 0;
  for (int run = 0; run < 500; ++run) {
    std::vector<double> losses(17);
    for (double& loss : losses) loss = std::exp(1.5 * normal(random));
    above += test_median(losses, 1).p_above <= 0.05;
    at_most += test_median(losses, 1).p_at_most <= 0.05;
  }
  for (const int wrong : {above, at_most}) {
    EXPECT_GE(wrong, 2);
    EXPECT_LE(wrong, 23);
  }
}

}  // namespace
}  // namespace sameseed
