#include "bench/sweep/shard_choice.h"

#include <gtest/gtest.h>

namespace sameseed {
namespace {

using nlohmann::json;

// A picture q and a block of two samples.
const json kPlan = {{"samples",
                     {{{"id", "q"}, {"kind", "quality"}},
                      {{"id", "t0"}, {"kind", "timing"}, {"comparison", "c"}, {"block", 0}},
                      {{"id", "t1"}, {"kind", "timing"}, {"comparison", "c"}, {"block", 0}}}}};

json made(const char* outcome, const char* start) {
  return {{"outcome", outcome}, {"start", start}};
}

// The shard of each sample, whatever the order in which the shards are named.
std::map<std::string, std::size_t> choice_of(const ShardRecords& one, const ShardRecords& two) {
  const auto there = choose_shards(kPlan, {one, two}).shard_of,
             back = choose_shards(kPlan, {two, one}).shard_of;
  EXPECT_EQ(there.size(), back.size());
  for (const auto& [sample, shard] : there) EXPECT_EQ(back.at(sample), 1 - shard) << sample;
  return there;
}

using Chosen = std::map<std::string, std::size_t>;

TEST(ShardChoice, TakesWhatIsWellBeforeWhatFailed) {
  EXPECT_EQ(choice_of({{"q", made("ok", "b")}}, {{"q", made("crashed", "a")}}), (Chosen{{"q", 0}}));
  EXPECT_EQ(choice_of({{"q", made("hung", "b")}}, {{"q", made("ok", "a")}}), (Chosen{{"q", 1}}));
  EXPECT_EQ(choice_of({{"q", made("ok", "a")}}, {{"q", made("ok", "b")}}), (Chosen{{"q", 0}}));
}

TEST(ShardChoice, TakesAWholeBlockBeforeACutOneAndNeverMixesThem) {
  const ShardRecords whole = {{"t0", made("ok", "b")}, {"t1", made("ok", "b")}},
                     cut = {{"t0", made("ok", "a")}},
                     of_two_starts = {{"t0", made("ok", "a")}, {"t1", made("ok", "c")}},
                     failed = {{"t0", made("ok", "a")}, {"t1", made("crashed", "a")}};
  for (const ShardRecords& other : {cut, of_two_starts, failed})
    EXPECT_EQ(choice_of(whole, other), (Chosen{{"t0", 0}, {"t1", 0}}));
  EXPECT_EQ(choice_of(cut, failed), (Chosen{{"t0", 1}, {"t1", 1}}));
}

json throttled(const char* start) {
  json record = made("ok", start);
  record["invalid"] = {"throttled"};
  return record;
}

// A block of a throttled device gives no time, so a valid one counts, whichever was made first.
TEST(ShardChoice, TakesAValidBlockBeforeAThrottledOne) {
  const ShardRecords valid = {{"t0", made("ok", "m")}, {"t1", made("ok", "m")}};
  for (const char* start : {"a", "z"}) {
    const ShardRecords invalid = {{"t0", made("ok", start)}, {"t1", throttled(start)}};
    EXPECT_EQ(choice_of(invalid, valid), (Chosen{{"t0", 1}, {"t1", 1}})) << start;
  }
}

json pictured(const char* outcome, const char* image) {
  json record = made(outcome, "a");
  record["hashes"] = {{"image", image}, {"noise", "n"}};
  return record;
}

TEST(ShardChoice, NamesSamplesThatCameOutOtherwise) {
  const ShardRecords one = {{"p", pictured("ok", "1")}, {"q", pictured("ok", "2")}},
                     other = {{"p", pictured("ok", "1")}, {"q", pictured("ok", "3")}};
  const auto found = other_results({{}, one, other});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].sample, "q");
  EXPECT_EQ(found[0].what, "image");
  EXPECT_EQ(found[0].one, 1u);
  EXPECT_EQ(found[0].two, 2u);
  EXPECT_TRUE(other_results({one, one, {{"q", pictured("crashed", "3")}}}).empty());
}

TEST(ShardChoice, CountsWhatSeveralHave) {
  const ShardChoice choice =
      choose_shards(kPlan, {{{"q", made("ok", "a")}}, {{"q", made("ok", "b")}}, {}});
  EXPECT_EQ(choice.in_several, 1u);
  EXPECT_EQ(choice.shard_of.size(), 1u);
}

}  // namespace
}  // namespace sameseed
