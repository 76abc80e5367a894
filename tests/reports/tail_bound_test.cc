#include "reports/tail_bound.h"

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

}  // namespace
}  // namespace sameseed
