#include "bench/plan/shard.h"

#include <gtest/gtest.h>

#include <set>

#include "io/error.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Two environments with three and one pictures, then two comparisons of four timed samples each, in
// one group.
json small_plan() {
  json plan = {
      {"environments", {{{"id", "e1"}}, {{"id", "e2"}}}},
      {"cases", {{{"id", "a"}, {"environment", "e1"}}, {{"id", "b"}, {"environment", "e2"}}}},
      {"comparisons", json::array()},
      {"samples", json::array()}};
  for (const char* comparison : {"c", "d"})
    plan["comparisons"].push_back({{"id", comparison},
                                   {"kind", "reference"},
                                   {"pairs", {{{"candidate", "a"}, {"reference", "b"}}}}});
  for (const char* case_id : {"a", "a", "a", "b"})
    plan["samples"].push_back({{"case", case_id}, {"kind", "quality"}});
  for (int i = 0; i < 8; ++i)
    plan["samples"].push_back(
        {{"case", i % 2 ? "a" : "b"}, {"kind", "timing"}, {"comparison", i < 4 ? "c" : "d"}});
  return plan;
}

TEST(Shard, KeepsEnvironmentsAndComparisonsTogether) {
  const auto all = stretches(small_plan());
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].samples, (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(all[1].samples, (std::vector<std::size_t>{3}));
  EXPECT_EQ(all[2].samples, (std::vector<std::size_t>{4, 5, 6, 7}));
  EXPECT_EQ(all[3].group, all[2].group);
}

// A block of each in turn, as the plan has them; unless slots would be left without work.
TEST(Shard, MakesAGroupInRounds) {
  json plan = small_plan();
  for (std::size_t i = 4; i < 12; ++i) plan["samples"][i]["comparison"] = i % 4 < 2 ? "c" : "d";
  const auto all = stretches(plan);
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[2].samples, (std::vector<std::size_t>{4, 5, 8, 9}));
  const auto joined = in_rounds(all, 1);
  ASSERT_EQ(joined.size(), 3u);
  EXPECT_EQ(joined[2].samples, (std::vector<std::size_t>{4, 5, 6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(in_rounds(all, 2).size(), 4u);
}

// A row of the floor goes with the first comparison of its group.
TEST(Shard, KeepsTheReferenceAgainstItselfWithAComparison) {
  json plan = small_plan();
  plan["time_floor"] = {
      {{"id", "f"}, {"environment", "e2"}, {"pairs", {{{"candidate", "b"}, {"reference", "b"}}}}}};
  plan["samples"].push_back({{"case", "b"}, {"kind", "timing"}, {"comparison", "f"}});
  const auto all = stretches(plan);
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[2].samples, (std::vector<std::size_t>{4, 5, 6, 7, 12}));
}

TEST(Shard, GivesEveryStretchToExactlyOneShard) {
  std::vector<Stretch> all;
  for (std::size_t i = 0; i < 17; ++i) all.push_back({{i * 4, i * 4 + 1, i * 4 + 2, i * 4 + 3}});
  const auto cost = [](std::size_t sample) { return static_cast<double>(sample % 7 + 1); };
  for (int count = 1; count <= 20; ++count) {
    std::multiset<std::size_t> taken;
    for (int index = 1; index <= count; ++index)
      for (const Stretch& stretch : stretches_of({index, count}, all, cost))
        taken.insert(stretch.samples.front());
    EXPECT_EQ(taken.size(), 17u);
    EXPECT_EQ(std::set<std::size_t>(taken.begin(), taken.end()).size(), 17u);
  }
}

TEST(Shard, BalancesByCostAndNotByCount) {
  const std::vector<Stretch> all = {{{0}}, {{1}}, {{2}}, {{3}}};
  const auto first_is_dear = [](std::size_t sample) { return sample == 0 ? 30.0 : 10.0; };
  EXPECT_EQ(stretches_of({1, 2}, all, first_is_dear).size(), 1u);
  EXPECT_EQ(stretches_of({2, 2}, all, first_is_dear).size(), 3u);
}

TEST(Shard, IsAnIndexAndACount) {
  EXPECT_EQ(parse_shard("2/3").index, 2);
  for (const char* wrong : {"0/3", "4/3", "2", "2/3/4", "-1/3", "a/b", ""})
    EXPECT_THROW(parse_shard(wrong), UserError) << wrong;
}

}  // namespace
}  // namespace sameseed
