#include "reports/summary/advice.h"

#include <gtest/gtest.h>

namespace sameseed {
namespace {

const std::string kCache = "candidate.request.deepcache";

// A sweep of DeepCache alone, whose first value is advised.
RunPlan plan(const std::vector<AxisValue>& values) {
  RunPlan plan;
  plan.axes.push_back({.name = kCache, .values = values});
  plan.reasons[kCache] = "users say so";
  return plan;
}

// The effect of 3/0/0 against off.
Effects effects(const std::string& in_quality, const std::string& in_time) {
  EffectOfSwitch effect{.levels = {{kCache, "3/0/0"}}, .off = {{kCache, nullptr}}};
  effect.quality["lpips.alex"] = {.estimate = {.n = 12, .value = 0.02}, .verdict = in_quality};
  effect.speed["total_ms"] = {.estimate = {.n = 12, .value = 0.5}, .verdict = in_time};
  Effects effects;
  effects.headline = "lpips.alex";
  effects.estimates.push_back(effect);
  return effects;
}

std::string answer(const RunPlan& plan, const Effects& effects) {
  return advice_of(plan, effects).at(0).answer;
}

TEST(Advice, ToLeaveASwitchOffHoldsWhereTurningItOnCostsQuality) {
  const RunPlan off_first = plan({nullptr, "3/0/0"});
  EXPECT_EQ(answer(off_first, effects("costs", "buys")), "held");
  EXPECT_EQ(answer(off_first, effects("none shown", "buys")), "not shown");
  EXPECT_EQ(answer(off_first, effects("buys", "buys")), "did not hold");
}

TEST(Advice, ToTurnASwitchOnHoldsWhereThatSavesTime) {
  const RunPlan on_first = plan({"3/0/0", nullptr});
  EXPECT_EQ(answer(on_first, effects("costs", "buys")), "held");
  EXPECT_EQ(answer(on_first, effects("costs", "too few")), "not shown");
  EXPECT_EQ(answer(on_first, effects("costs", "costs")), "did not hold");
}

TEST(Advice, SaysWhatWasMeasuredAndWhyItIsGiven) {
  const Advice advice = advice_of(plan({nullptr, "3/0/0"}), effects("costs", "buys")).at(0);
  EXPECT_EQ(advice.shown,
            std::vector<std::string>{
                "deepcache 3/0/0 against deepcache off: +0.02 in lpips.alex (costs)"});
  EXPECT_EQ(advice.because, "users say so");
}

TEST(Advice, IsNotJudgedWhereNothingVaries) {
  Effects nothing = effects("costs", "buys");
  nothing.estimates.clear();
  EXPECT_EQ(answer(plan({"3/0/0"}), nothing), "not judged");
  EXPECT_TRUE(advice_of(RunPlan(), nothing).empty());
}

}  // namespace
}  // namespace sameseed
