// Rounds over comparisons: nothing is loaded more often for them, and shards share them.
#include "bench/plan/timing_groups.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <map>
#include <set>

#include "bench/plan/matrix.h"
#include "bench/plan/plan.h"
#include "bench/plan/plan_index.h"
#include "bench/plan/shard.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Each once, and with few prompts: only the first is timed.
const json& plan_of(const std::string& name) {
  static std::map<std::string, json> plans;
  if (!plans.contains(name)) {
    Matrix matrix =
        read_matrix(std::string(SAMESEED_SOURCE_DIR) + "/bench/matrices/" + name + ".json");
    matrix.prompts.resize(std::min<std::size_t>(matrix.prompts.size(), 4));
    plans[name] = make_plan(matrix, {{"model", "m"}});
  }
  return plans.at(name);
}

std::vector<json> timed_samples(const json& plan) {
  std::vector<json> timed;
  for (const json& sample : plan.at("samples"))
    if (sample.at("kind") == "timing") timed.push_back(sample);
  return timed;
}

// How often a slot that keeps so many workers, the last used first, starts one.
int loads(const std::vector<json>& samples, const PlanIndex& index) {
  std::list<std::string> up;
  int started = 0;
  for (const json& sample : samples) {
    const std::string environment = index.case_of(sample).at("environment");
    const auto found = std::ranges::find(up, environment);
    if (found != up.end())
      up.erase(found);
    else
      ++started;
    up.push_front(environment);
    if (up.size() > kMostWorkers) up.pop_back();
  }
  return started;
}

TEST(TimingGroups, LoadNothingMoreOftenThanOneComparisonAfterTheOther) {
  for (const char* matrix : {"nightly", "full"}) {
    const json& plan = plan_of(matrix);
    const PlanIndex index(plan);
    const std::vector<json> timed = timed_samples(plan);
    std::map<std::string, int> place;
    for (const json& comparison : plan.at("comparisons"))
      place.emplace(comparison.at("id"), static_cast<int>(place.size()));
    std::map<int, std::vector<json>> rows;  // without the reference against itself
    for (const json& sample : timed)
      if (const auto at = place.find(sample.at("comparison")); at != place.end())
        rows[at->second].push_back(sample);
    std::vector<json> in_a_row;
    for (const auto& [at, row] : rows) in_a_row.insert(in_a_row.end(), row.begin(), row.end());
    EXPECT_EQ(rows.size(), plan.at("comparisons").size()) << matrix;
    EXPECT_LE(loads(timed, index), loads(in_a_row, index)) << matrix;
  }
}

TEST(TimingGroups, MakeABlockOfEachComparisonBeforeTheNextOfAny) {
  const json& plan = plan_of("nightly");
  std::map<std::string, int> newest;
  std::size_t spread = 0;
  for (const Stretch& stretch : in_rounds(stretches(plan), 1)) {
    newest.clear();
    std::string last;
    for (const std::size_t place : stretch.samples) {
      const json& sample = plan.at("samples").at(place);
      if (sample.at("kind") != "timing") break;
      const std::string comparison = sample.at("comparison");
      const int block = sample.at("block");
      newest[comparison] = block;
      for (const auto& [other, at] : newest) EXPECT_LE(std::abs(at - block), 1);
      if (sample.at("position") == 0) spread += !last.empty() && last != comparison;
      last = comparison;
    }
    EXPECT_LE(newest.size(), kMostComparisonsTogether + 1);  // one may be the floor
  }
  EXPECT_GT(spread, 500u);  // of 666 blocks
}

TEST(TimingGroups, NeedNoMoreEnvironmentsThanASlotKeepsUp) {
  for (const char* matrix : {"demo", "nightly"}) {
    const json& plan = plan_of(matrix);
    const PlanIndex index(plan);
    for (const Stretch& stretch : in_rounds(stretches(plan), 1)) {
      std::set<std::string> environments;
      for (const std::size_t place : stretch.samples)
        environments.insert(index.case_of(plan.at("samples").at(place)).at("environment"));
      EXPECT_LE(environments.size(), kMostWorkers) << matrix;
    }
  }
}

// Blocks of a comparison stay in one shard, where one start can make them whole.
TEST(TimingGroups, AreDealtOutEvenlyOverShards) {
  const json& plan = plan_of("full");
  const auto all = stretches(plan);
  const auto cost = [](std::size_t) { return 1.0; };
  std::size_t largest = 0;
  for (const Stretch& stretch : all) largest = std::max(largest, stretch.samples.size());
  const auto samples = static_cast<double>(plan.at("samples").size());
  std::map<std::string, std::set<int>> shards_of;
  int timing_shards = 0;
  for (int shard = 1; shard <= 8; ++shard) {
    std::size_t mine = 0, timed = 0;
    for (const Stretch& stretch : stretches_of({shard, 8}, all, cost))
      for (const std::size_t place : stretch.samples) {
        ++mine;
        const json& sample = plan.at("samples").at(place);
        if (sample.at("kind") != "timing") continue;
        ++timed;
        shards_of[sample.at("comparison")].insert(shard);
      }
    EXPECT_NEAR(static_cast<double>(mine), samples / 8, static_cast<double>(largest)) << shard;
    timing_shards += timed > plan.at("samples").size() / 16;
  }
  EXPECT_GE(timing_shards, 6);
  for (const auto& [comparison, shards] : shards_of) EXPECT_EQ(shards.size(), 1u);
}

TEST(TimingGroups, HoldTheReferenceAgainstItselfInTheRoundsOfItsFirstComparisons) {
  const json& plan = plan_of("nightly");
  ASSERT_EQ(plan.at("time_floor").size(), 3u);  // cuDNN's API v8 and v7, and sums in fp16
  const PlanIndex index(plan);
  const std::vector<json> timed = timed_samples(plan);
  for (const json& row : plan.at("time_floor")) {
    std::set<std::string> cases;
    std::vector<std::size_t> places;
    std::map<int, std::string> arms;
    for (std::size_t i = 0; i < timed.size(); ++i) {
      if (timed[i].at("comparison") != row.at("id")) continue;
      places.push_back(i);
      cases.insert(timed[i].at("case"));
      arms[timed[i].at("block")] += timed[i].at("arm") == "reference" ? 'R' : 'C';
    }
    ASSERT_EQ(places.size(), 24u);  // six blocks of four
    EXPECT_EQ(arms.at(0), "RCCR");
    EXPECT_EQ(arms.at(1), "CRRC");
    EXPECT_EQ(cases.size(), 1u);  // both arms are one case
    EXPECT_EQ(index.environment_of(*index.find_case(*cases.begin())).at("id"),
              row.at("environment"));
    EXPECT_GT(places.back() - places.front(), 40u);  // others' blocks lie between
  }
  EXPECT_FALSE(plan_of("demo").contains("time_floor"));  // it times nothing
}

}  // namespace
}  // namespace sameseed
