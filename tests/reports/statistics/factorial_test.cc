#include "reports/statistics/factorial.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace sameseed {
namespace {

const std::string kConv = "candidate.env.ONEFLOW_CONV", kCache = "candidate.request.deepcache",
                  kPrecision = "candidate.load.precision";

SweepAxis axis(const std::string& name, const std::vector<AxisValue>& values) {
  return {.name = name, .values = values};
}

std::vector<SweepSwitch> conv_and_cache() {
  return switches_of({axis(kConv, {"0", "1"}), axis(kCache, {nullptr, "3/0/0"})});
}

Setting setting(const char* conv, const AxisValue& cache) {
  return {{kConv, conv}, {kCache, cache}};
}

const Settings kFull = {setting("0", nullptr), setting("0", "3/0/0"), setting("1", nullptr),
                        setting("1", "3/0/0")};

TEST(Factorial, KnowsWhatOffIs) {
  const auto switches = switches_of(
      {axis(kConv, {nullptr, "1", "0"}), axis(kCache, {"3/0/0", nullptr}),
       axis(kPrecision, {"fp16", "bf16"}), axis("candidate.env.ONEFLOW_X", {nullptr, "1"}),
       axis("both.request.steps", {20, 30}), axis("candidate.request.size", {"64x64"})});
  ASSERT_EQ(switches.size(), 4u);
  EXPECT_EQ(switches[0].off, "0");
  EXPECT_EQ(switches[0].levels, (std::vector<AxisValue>{nullptr, "1"}));
  EXPECT_EQ(switches[1].off, nullptr);
  EXPECT_EQ(switches[2].off, "fp16");
  EXPECT_EQ(switches[3].off, nullptr);  // no "0" among its values
}

TEST(Factorial, HasMainEffectsThenInteractions) {
  const auto effects = effects_of(conv_and_cache(), kFull);
  ASSERT_EQ(effects.size(), 3u);
  EXPECT_EQ(effects[0].levels, (Setting{{kConv, "1"}}));
  EXPECT_EQ(effects[0].contrasts.size(), 2u);
  EXPECT_EQ(effects[2].levels, (Setting{{kConv, "1"}, {kCache, "3/0/0"}}));
  EXPECT_EQ(effects[2].contrasts.size(), 1u);
  // Losses 1, 2, 4 and 16: conv costs 3 and 14, the cache 1 and 12, both together 11 more.
  const Table rows = rows_over_pairs(effects, {{1, 2, 4, 16}});
  EXPECT_EQ(rows, (Table{{8.5}, {6.5}, {11}}));
}

TEST(Factorial, ComparesOnlyWhatStandsSideBySide) {
  Settings settings = kFull;
  settings[3] = std::nullopt;
  const auto effects = effects_of(conv_and_cache(), settings);
  const Table rows = rows_over_pairs(effects, {{1, 2, 4, 16}});
  EXPECT_EQ(rows[0][0], 3);
  EXPECT_EQ(rows[1][0], 1);
  EXPECT_TRUE(std::isnan(rows[2][0]));
}

TEST(Factorial, TakesRoundingForNoEffect) {
  const auto effects = effects_of(conv_and_cache(), kFull);
  ASSERT_NE(0.1 - 0.3 - 0.7 + 0.9, 0);
  const Table rows = rows_over_pairs(effects, {{0, 0.1, 0.2, 0.1 + 0.2}, {0.1, 0.3, 0.7, 0.9}});
  EXPECT_EQ(rows[2], (std::vector<double>{0, 0}));
}

TEST(Factorial, LeavesOutPairsThatLackASettingNeeded) {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  const auto effects = effects_of(conv_and_cache(), kFull);
  const Table rows = rows_over_pairs(effects, {{1, 2, 4, 16}, {1, 2, 4, missing}});
  EXPECT_EQ(rows[0][0], 8.5);
  EXPECT_TRUE(std::isnan(rows[0][1]));
}

// Blocks of 0 and 0.5 for conv off; conv adds 1 without the cache and 3 with it.
TEST(Factorial, TakesEveryBlockOfEveryContextForAUnit) {
  const auto effects = effects_of(conv_and_cache(), kFull);
  const Table rows = rows_over_blocks(effects, {{0, 0, 1, 3}, {0.5, 0.5, 1.5, 3.5}});
  std::vector<double> conv;
  for (const double value : rows[0])
    if (!std::isnan(value)) conv.push_back(value);
  EXPECT_EQ(conv, (std::vector<double>{1, 1, 3, 3}));
}

TEST(Factorial, TakesTheMeansOfContextsOutOfTheSpreadOfThreeBlocks) {
  const auto effects = effects_of(conv_and_cache(), kFull);
  const Table rows = rows_over_blocks(effects, {{0, 0, 1, 3}, {0, 0, 1, 3}, {0, 0, 1, 3}});
  const auto observations = std::count(rows[0].begin(), rows[0].end(), 2.0);
  EXPECT_EQ(observations, 6);
}

}  // namespace
}  // namespace sameseed
