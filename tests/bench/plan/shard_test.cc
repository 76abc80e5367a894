#include "bench/plan/shard.h"

#include <gtest/gtest.h>

#include <set>

#include "io/error.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Two environments with three and one pictures, then one comparison of eight timed samples.
json small_plan() {
  json plan = {
      {"environments", {{{"id", "e1"}}, {{"id", "e2"}}}},
      {"cases", {{{"id", "a"}, {"environment", "e1"}}, {{"id", "b"}, {"environment", "e2"}}}},
      {"samples", json::array()}};
  for (const char* case_id : {"a", "a", "a", "b"})
    plan["samples"].push_back({{"case", case_id}, {"kind", "quality"}});
  for (int i = 0; i < 8; ++i)
    plan["samples"].push_back(
        {{"case", i % 2 ? "a" : "b"}, {"kind", "timing"}, {"comparison", "c"}});
  return plan;
}

TEST(Shard, KeepsEnvironmentsAndComparisonsTogether) {
  const auto all = stretches(small_plan());
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].count, 3u);
  EXPECT_EQ(all[1].first, 3u);
  EXPECT_EQ(all[2].count, 8u);
}

TEST(Shard, GivesEveryStretchToExactlyOneShard) {
  std::vector<Stretch> all;
  for (std::size_t i = 0; i < 17; ++i) all.push_back({i * 4, 4});
  const auto cost = [](std::size_t sample) { return static_cast<double>(sample % 7 + 1); };
  for (int count = 1; count <= 20; ++count) {
    std::multiset<std::size_t> taken;
    for (int index = 1; index <= count; ++index)
      for (const Stretch& stretch : stretches_of({index, count}, all, cost))
        taken.insert(stretch.first);
    EXPECT_EQ(taken.size(), 17u);
    EXPECT_EQ(std::set<std::size_t>(taken.begin(), taken.end()).size(), 17u);
  }
}

TEST(Shard, BalancesByCostAndNotByCount) {
  const std::vector<Stretch> all = {{0, 1}, {1, 1}, {2, 1}, {3, 1}};
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
