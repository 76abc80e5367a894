#include "reports/statistics/step_down.h"

#include <gtest/gtest.h>

#include <random>

namespace sameseed {
namespace {

// Rows of 12 observations with noise of size 1 around these means.
std::vector<SparseRow> rows_of(std::uint64_t seed, const std::vector<double>& means) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<SparseRow> rows;
  for (const double mean : means) {
    rows.emplace_back();
    for (std::size_t unit = 0; unit < 12; ++unit)
      rows.back().emplace_back(unit, mean + normal(random));
  }
  return rows;
}

// Ten rows without an effect beside ten with a large one, whose leaving must not make the rest too
// easy to believe. 36 is the 98.9 % quantile of Binomial(500, 0.05).
TEST(StepDown, KeepsItsFamilyWiseRateBesideTrueEffects) {
  std::vector<double> means(10, 0.0);
  means.insert(means.end(), 10, 5.0);
  int wrong = 0, found = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const Claims claims =
        step_down(rows_of(seed, means), 12, std::vector<double>(20, 0.0), {.resamples = 499});
    bool any = false;
    for (std::size_t i = 0; i < 10; ++i) any = any || claims.shown[i];
    for (std::size_t i = 10; i < 20; ++i) found += claims.shown[i];
    wrong += any;
  }
  EXPECT_LE(wrong, 36);
  EXPECT_GT(found, 4900);
}

TEST(StepDown, ShowsAllThatOneStepShowsAndMore) {
  std::vector<double> means(20, 5.0);
  means[0] = 1.1;
  int more = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const auto rows = rows_of(seed, means);
    const Claims claims = step_down(rows, 12, std::vector<double>(20, 0.0));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const EffectEstimate& one = claims.estimates[i];
      const bool at_once = std::abs(one.mean) > *one.half_width;
      EXPECT_TRUE(claims.shown[i] || !at_once);
      more += claims.shown[i] && !at_once;
    }
  }
  EXPECT_GT(more, 5);
}

TEST(StepDown, ShowsNothingInsideItsMargin) {
  const auto rows = rows_of(1, {5.0, 5.0});
  const Claims claims = step_down(rows, 12, {0.0, 6.0});
  EXPECT_TRUE(claims.shown[0]);
  EXPECT_FALSE(claims.shown[1]);
}

// What does not vary is judged by its size alone.
TEST(StepDown, HoldsAConstantAgainstItsMargin) {
  SparseRow row;
  for (std::size_t unit = 0; unit < 8; ++unit) row.emplace_back(unit, 0.02);
  EXPECT_TRUE(step_down({row}, 8, {0.01}).shown[0]);
  EXPECT_FALSE(step_down({row}, 8, {0.03}).shown[0]);
}

}  // namespace
}  // namespace sameseed
