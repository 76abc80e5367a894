#include "bench/plan/axis_value.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sameseed {
namespace {

const BareAxisName kVariable = {AxisKind::kEnv, "X"}, kSteps = {AxisKind::kRequest, "steps"},
                   kDeepCache = {AxisKind::kRequest, "deepcache"},
                   kTimesteps = {AxisKind::kRequest, "timesteps"},
                   kThreads = {AxisKind::kLoad, "threads"};

TEST(AxisValue, IsATextForAVariableAndWhatEnginesTakeElsewhere) {
  EXPECT_EQ(refusal_of(kVariable, "1"), "");
  EXPECT_EQ(refusal_of(kVariable, nullptr), "");
  EXPECT_EQ(refusal_of(kVariable, 1),
            "an environment variable is a text, or null for unset, not 1");
  EXPECT_EQ(refusal_of(kSteps, 20), "");
  EXPECT_EQ(refusal_of(kSteps, nullptr), "steps: null leaves nothing in its place; name a value");
  EXPECT_EQ(refusal_of(kDeepCache, nullptr), "");
  EXPECT_NE(refusal_of(kDeepCache, "3/2/2"), "");
  EXPECT_EQ(refusal_of(kTimesteps, {999, 499}), "");
  EXPECT_EQ(refusal_of(kTimesteps, nullptr), "");
  EXPECT_NE(refusal_of(kTimesteps, "999"), "");
  EXPECT_EQ(refusal_of(kThreads, 2), "");
  EXPECT_NE(refusal_of(kThreads, "2"), "");
}

TEST(AxisValue, OfLorasIsAPathWithOrWithoutAScaleOrAListOfThem) {
  const BareAxisName loras = {AxisKind::kLoad, "lora"};
  const nlohmann::json path = {{"path", "a"}};
  for (const nlohmann::json& good : {nlohmann::json(), nlohmann::json("a"), path,
                                     nlohmann::json::array({"a", {{"path", "b"}, {"scale", 0.5}}})})
    EXPECT_EQ(refusal_of(loras, good), "") << good;
  EXPECT_EQ(refusal_of(loras, 1),
            "lora: must be a path, {\"path\": PATH, \"scale\": NUMBER} or a list of these, not 1");
  EXPECT_NE(refusal_of(loras, {{"path", "a"}, {"scale", "much"}}), "");
  EXPECT_EQ(meaning_of(loras, "a"), meaning_of(loras, {{"path", "a"}, {"scale", 1}}));
  EXPECT_EQ(meaning_of(loras, nullptr), meaning_of(loras, nlohmann::json::array()));
  EXPECT_NE(meaning_of(loras, "a"), meaning_of(loras, {{"path", "a"}, {"scale", 0.9}}));
}

TEST(AxisValue, OfPrecisionSwitchesIsOneThatThereIs) {
  const BareAxisName linear = {AxisKind::kLoad, "linear"},
                     fast = {AxisKind::kLoad, "fp8_fast_accumulation"},
                     half = {AxisKind::kLoad, "fp16_accumulation"},
                     tf32 = {AxisKind::kLoad, "tf32"};
  EXPECT_EQ(refusal_of(linear, "fp8-tensor"), "");
  EXPECT_EQ(refusal_of(linear, "fp8-row"),
            "linear: must be fp16, fp8, fp8-tensor, not \"fp8-row\"");
  for (const BareAxisName& name : {fast, half, tf32}) {
    EXPECT_EQ(refusal_of(name, 1), "");
    EXPECT_EQ(refusal_of(name, nullptr), "");
    EXPECT_EQ(refusal_of(name, 2), name.name + ": must be 0 or 1, not 2");
  }
  EXPECT_EQ(meaning_of(linear, nullptr), meaning_of(linear, "fp16"));
  EXPECT_EQ(meaning_of(fast, nullptr), meaning_of(fast, 0));
  EXPECT_NE(meaning_of(tf32, nullptr), meaning_of(tf32, 0));
}

TEST(AxisValue, MeansTheSameInSeveralSpellings) {
  EXPECT_EQ(meaning_of(kDeepCache, "3/branch:01"), meaning_of(kDeepCache, "3/branch:1"));
  // They count steps otherwise where timesteps repeat.
  EXPECT_NE(meaning_of(kDeepCache, "3/branch:1"), meaning_of(kDeepCache, "3/0/0"));
  EXPECT_EQ(meaning_of({AxisKind::kRequest, "guidance"}, 5),
            meaning_of({AxisKind::kRequest, "guidance"}, 5.0));
  EXPECT_EQ(meaning_of(kTimesteps, {999, 499}), meaning_of(kTimesteps, {999.0, 499.0}));
  EXPECT_EQ(meaning_of({AxisKind::kRequest, "clip_skip"}, nullptr),
            meaning_of({AxisKind::kRequest, "clip_skip"}, 0));
  EXPECT_EQ(meaning_of({AxisKind::kRequest, "original_size"}, "0512x64"),
            meaning_of({AxisKind::kRequest, "original_size"}, "512x64"));
  EXPECT_NE(meaning_of(kTimesteps, {999, 499}), meaning_of(kTimesteps, {499, 999}));
  EXPECT_NE(meaning_of(kVariable, "3/branch:1"), meaning_of(kVariable, "3/0/0"));
  EXPECT_NE(meaning_of(kVariable, nullptr), meaning_of(kVariable, ""));
}

}  // namespace
}  // namespace sameseed
