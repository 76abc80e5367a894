#include "reports/run/loss_table.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sameseed {
namespace {

const ReportMetric kSsim = {.name = "ssim", .better = Direction::kHigher, .identical = 1};

ScoredPair scored(const std::string& prompt, std::uint64_t seed, double ssim) {
  return {.pair = {.prompt = prompt, .seed = seed}, .values = {{"ssim", ssim}}};
}

TEST(LossTable, HasARowAPairAndAColumnASetting) {
  const std::vector<ScoredPair> off = {scored("owl", 1, 1.0), scored("cat", 0, 0.75)},
                                on = {scored("cat", 0, 0.5), scored("cat", 7, 0.25)};
  const LossTable table = loss_table(kSsim, {&off, &on});
  EXPECT_EQ(table.pairs, (std::vector<PairKey>{{"owl", 1}, {"cat", 0}, {"cat", 7}}));
  EXPECT_EQ(table.losses[1], (std::vector<double>{0.25, 0.5}));
  EXPECT_EQ(table.column(0)[0], 0);
  EXPECT_TRUE(std::isnan(table.column(1)[0]));
  EXPECT_TRUE(std::isnan(table.column(0)[2]));
}

TEST(LossTable, LeavesOutWhatHasNoNumber) {
  const std::vector<ScoredPair> pairs = {scored("owl", 1, std::nan("")),
                                         {.pair = {.prompt = "cat"}}};
  const LossTable table = loss_table(kSsim, {&pairs});
  ASSERT_EQ(table.pairs.size(), 2u);
  EXPECT_TRUE(std::isnan(table.losses[0][0]));
  EXPECT_TRUE(std::isnan(table.losses[1][0]));
}

}  // namespace
}  // namespace sameseed
