#include "reports/summary/advice.h"

#include <gtest/gtest.h>

#include "reports/formats/effects_table.h"

namespace sameseed {
namespace {

using nlohmann::json;

const std::string kCache = "candidate.request.deepcache";

// A sweep of DeepCache alone, whose first value is advised.
json plan(const json& values) {
  json plan = {{"reasons", {{kCache, "users say so"}}}, {"axes", json::array()}};
  plan["axes"].push_back({{"name", kCache}, {"values", values}});
  return plan;
}

// The effect of 3/0/0 against off.
json effects(const std::string& in_quality, const std::string& in_time) {
  json estimate;
  estimate["levels"][kCache] = "3/0/0";
  estimate["off"][kCache] = nullptr;
  estimate["quality"]["lpips.alex"] = {{"n", 12}, {"loss", 0.02}, {"verdict", in_quality}};
  estimate["speed"]["total_ms"] = {{"n", 12}, {"ratio", 0.5}, {"verdict", in_time}};
  return {{"headline", "lpips.alex"}, {"estimates", json::array({estimate})}};
}

std::string answer(const json& plan, const json& effects) {
  return advice_entries(plan, effects).at(0).at("answer");
}

TEST(Advice, ToLeaveASwitchOffHoldsWhereTurningItOnCostsQuality) {
  const json off_first = plan(json::array({nullptr, "3/0/0"}));
  EXPECT_EQ(answer(off_first, effects("costs", "buys")), "held");
  EXPECT_EQ(answer(off_first, effects("none shown", "buys")), "not shown");
  EXPECT_EQ(answer(off_first, effects("buys", "buys")), "did not hold");
}

TEST(Advice, ToTurnASwitchOnHoldsWhereThatSavesTime) {
  const json on_first = plan(json::array({"3/0/0", nullptr}));
  EXPECT_EQ(answer(on_first, effects("costs", "buys")), "held");
  EXPECT_EQ(answer(on_first, effects("costs", "too few")), "not shown");
  EXPECT_EQ(answer(on_first, effects("costs", "costs")), "did not hold");
}

TEST(Advice, SaysWhatWasMeasuredAndWhyItIsGiven) {
  const json entry =
      advice_entries(plan(json::array({nullptr, "3/0/0"})), effects("costs", "buys")).at(0);
  EXPECT_EQ(entry.at("shown"),
            json::array({"deepcache 3/0/0 against deepcache off: +0.02 in lpips.alex (costs)"}));
  EXPECT_EQ(entry.at("because"), "users say so");
}

TEST(Advice, IsNotJudgedWhereNothingVaries) {
  json nothing = effects("costs", "buys");
  nothing["estimates"] = json::array();
  EXPECT_EQ(answer(plan(json::array({"3/0/0"})), nothing), "not judged");
  EXPECT_TRUE(advice_entries({{"axes", json::array()}}, nothing).empty());
}

}  // namespace
}  // namespace sameseed
