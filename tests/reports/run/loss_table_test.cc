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

TEST(LossTable, JoinsPromptsWithEqualTokenIds) {
  ScoredPair upper = scored("Owl", 2, 0.5);
  upper.pair.same_as = "owl";
  const std::vector<ScoredPair> pairs = {scored("owl", 1, 1.0), upper};
  EXPECT_EQ(loss_table(kSsim, {&pairs}).pairs, (std::vector<PairKey>{{"owl", 1}, {"owl", 2}}));
}

TEST(Observations, AreMeansOfAPromptsSeeds) {
  EXPECT_EQ(means_of_prompts({{{"cat", 0}, 1}, {{"cat", 7}, 3}, {{"owl", 0}, 5}}),
            (std::vector<double>{2, 5}));
  EXPECT_TRUE(means_of_prompts({}).empty());
}

TEST(Observations, OfRowsAreMeansOfWhatIsThere) {
  const double none = std::nan("");
  const auto rows = over_prompts({{1, 2, 5, none}, {none, 8, none, none}},
                                 {{"b", 0}, {"a", 0}, {"b", 1}, {"c", 0}});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0][0], 3);
  EXPECT_EQ(rows[0][1], 2);
  EXPECT_TRUE(std::isnan(rows[0][2]));
  EXPECT_TRUE(std::isnan(rows[1][0]));
  EXPECT_EQ(rows[1][1], 8);
}

}  // namespace
}  // namespace sameseed
