#include "reports/summary/effects.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "reports/formats/effects_table.h"

namespace sameseed {
namespace {

using nlohmann::json;

const std::string kConv = "candidate.env.ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION",
                  kMatmul = "candidate.env.ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION",
                  kCache = "candidate.request.deepcache", kSteps = "both.request.steps";

// The comparisons of a sweep, of whom each setting's score is a function of the setting and the
// pair, as report.json has them.
struct Sweep {
  json axes, comparisons = json::array();
  RunFiles files;

  Sweep(json swept, int pairs, const std::function<double(const json&, int)>& lpips)
      : axes(std::move(swept)) {
    files.plan = json::object({{"axes", axes}});
    for (const char* list : {"environments", "cases", "samples", "comparisons"})
      files.plan[list] = json::array();
    set_metric({{"name", "lpips.alex"}, {"unit", ""}, {"better", "lower"}, {"identical", 0}});
    std::vector<json> settings = {json::object()};
    for (const json& axis : axes) {
      std::vector<json> longer;
      for (const json& setting : settings)
        for (const json& value : axis.at("values")) {
          longer.push_back(setting);
          longer.back()[axis.at("name").get<std::string>()] = value;
        }
      settings = std::move(longer);
    }
    for (const json& setting : settings) {
      json one = {{"against", "reference"},
                  {"setting", setting},
                  {"engagement", json::object()},
                  {"timed_samples", json::array()},
                  {"cases", json::array()}};
      for (int pair = 0; pair < pairs; ++pair) {
        const std::string candidate = setting.dump() + std::to_string(pair),
                          reference = "r" + std::to_string(pair);
        one["cases"].push_back({{"candidate", candidate},
                                {"reference", reference},
                                {"prompt", "a cat"},
                                {"seed", pair}});
        files.scores[{candidate, reference}] =
            json::object({{"values", {{"lpips.alex", lpips(setting, pair)}}}});
      }
      comparisons.push_back(std::move(one));
    }
  }

  void set_metric(const json& metric) {
    files.scorer = json::object({{"metrics", json::array({metric})}});
  }
  json& score(std::size_t comparison, int pair) {
    const json& one = comparisons.at(comparison).at("cases").at(static_cast<std::size_t>(pair));
    return files.scores.at({one.at("candidate"), one.at("reference")});
  }
  json effects() const { return effects_entry(comparisons, RunIndex(files)); }
};

json axis(const std::string& name, const json& values) {
  return {{"name", name}, {"values", values}};
}

const json kTwoByTwo = {axis(kConv, {"0", "1"}), axis(kMatmul, {"0", "1"})};

// Shared by a pair's settings, and small noise of its own for each.
double shared(int pair) { return 0.2 + 0.05 * (pair % 5); }
double noise(const json& setting, int pair) {
  return 0.001 * std::sin(100.0 * pair + static_cast<double>(setting.dump().size() % 7) +
                          (setting.at(kConv) == "1" ? 1.3 : 0) +
                          (setting.value(kMatmul, json()) == "1" ? 2.9 : 0));
}

json estimate(const json& effects, const json& levels) {
  for (const json& one : effects.at("estimates"))
    if (one.at("levels") == levels) return one;
  return nullptr;
}
json lpips_of(const json& effects, const json& levels) {
  return estimate(effects, levels).at("quality").at("lpips.alex");
}

TEST(Effects, FindAPlantedMainEffectAndNoOther) {
  const json effects =
      Sweep(kTwoByTwo, 12, [](const json& setting, int pair) {
        return shared(pair) + noise(setting, pair) + (setting.at(kConv) == "1" ? 0.1 : 0);
      }).effects();
  const json conv = lpips_of(effects, {{kConv, "1"}});
  EXPECT_EQ(conv.at("verdict"), "costs");
  EXPECT_NEAR(conv.at("loss"), 0.1, 0.001);  // the noise's amplitude
  EXPECT_EQ(conv.at("n"), 12);
  EXPECT_EQ(conv.at("contexts"), 2);
  EXPECT_EQ(lpips_of(effects, {{kMatmul, "1"}}).at("verdict"), "none shown");
  EXPECT_TRUE(lpips_of(effects, {{kMatmul, "1"}}).contains("needed"));
  EXPECT_EQ(lpips_of(effects, {{kConv, "1"}, {kMatmul, "1"}}).at("verdict"), "none shown");
}

TEST(Effects, NameAPlantedInteraction) {
  const json effects = Sweep(kTwoByTwo, 12, [](const json& setting, int pair) {
                         const bool both = setting.at(kConv) == "1" && setting.at(kMatmul) == "1";
                         return shared(pair) + noise(setting, pair) + (both ? 0.1 : 0);
                       }).effects();
  const json both = lpips_of(effects, {{kConv, "1"}, {kMatmul, "1"}});
  EXPECT_EQ(both.at("verdict"), "costs");
  EXPECT_NEAR(both.at("loss"), 0.1, 0.004);
  const EffectTable table = effect_table(effects);
  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_EQ(table.rows[0].label, "conv half 1 with matmul half 1");
}

TEST(Effects, WithoutAnyDifferenceAreExactlyNone) {
  const json effects =
      Sweep(kTwoByTwo, 12, [](const json&, int pair) { return shared(pair); }).effects();
  for (const json& one : effects.at("estimates")) {
    EXPECT_EQ(one.at("quality").at("lpips.alex").at("verdict"), "none shown");
    EXPECT_EQ(one.at("quality").at("lpips.alex").at("exactly_none"), true);
  }
  EXPECT_EQ(effect_table(effects).rows[0].cells[0], "0 exactly");
}

TEST(Effects, OfOnePairHaveNoInterval) {
  const json effects = Sweep(kTwoByTwo, 1, [](const json& setting, int) {
                         return setting.at(kConv) == "1" ? 0.5 : 0.25;
                       }).effects();
  const json conv = lpips_of(effects, {{kConv, "1"}});
  EXPECT_EQ(conv.at("verdict"), "too few");
  EXPECT_EQ(conv.at("loss"), 0.25);
  EXPECT_TRUE(conv.at("interval").is_null());
  EXPECT_FALSE(conv.contains("needed"));  // one pair shows no spread
}

TEST(Effects, OfFourPairsSayHowManyWouldDo) {
  const json effects = Sweep(kTwoByTwo, 4, [](const json& setting, int pair) {
                         return setting.at(kConv) == "1" ? 0.01 * (pair + 1) : 0;
                       }).effects();
  // Mean 0.025, spread 0.0129, three effects: ((2.394 + 0.842) 0.0129 / 0.025)^2 = 2.8.
  EXPECT_EQ(lpips_of(effects, {{kConv, "1"}}).at("needed"), 6);
  EXPECT_EQ(effect_table(effects).notes.back(), "  conv half 1: LPIPS 6 pairs");
}

TEST(Effects, UsePairsThatHaveAllSettingsNeeded) {
  Sweep sweep(json::array({axis(kConv, {"0", "1"}), axis(kCache, {nullptr, "3/0/0"})}), 12,
              [](const json& setting, int) { return setting.at(kConv) == "1" ? 0.5 : 0.25; });
  sweep.score(0, 3)["refused"] = "the arms had different noise";
  sweep.score(1, 5)["values"]["lpips.alex"] = nullptr;
  const json conv = lpips_of(sweep.effects(), {{kConv, "1"}});
  EXPECT_EQ(conv.at("n"), 10);
  EXPECT_EQ(conv.at("of"), 12);
  EXPECT_EQ(conv.at("loss"), 0.25);
}

TEST(Effects, SurviveASettingThatNeverCameOut) {
  Sweep sweep(json::array({axis(kConv, {"0", "1"}), axis(kCache, {nullptr, "3/0/0"})}), 12,
              [](const json& setting, int) { return setting.at(kConv) == "1" ? 0.5 : 0.25; });
  for (int pair = 0; pair < 12; ++pair) sweep.score(3, pair)["refused"] = "crashed";
  const json effects = sweep.effects(), conv = lpips_of(effects, {{kConv, "1"}});
  EXPECT_EQ(conv.at("n"), 12);
  EXPECT_EQ(conv.at("contexts"), 1);
  EXPECT_TRUE(estimate(effects, {{kConv, "1"}, {kCache, "3/0/0"}}).at("quality").empty());
}

TEST(Effects, OfIdenticalPicturesInDecibelsAreALossOfZero) {
  Sweep sweep(json::array({axis(kConv, {"0", "1"})}), 6, [](const json&, int) { return 0; });
  sweep.set_metric(
      {{"name", "psnr.rgb"}, {"unit", "dB"}, {"better", "higher"}, {"identical", nullptr}});
  for (int pair = 0; pair < 6; ++pair) {
    sweep.score(0, pair) = {{"values", {{"psnr.rgb", nullptr}}},
                            {"nonfinite", {{"psnr.rgb", "+inf"}}}};
    sweep.score(1, pair) = json::object({{"values", {{"psnr.rgb", 20.0 + 0.01 * pair}}}});
  }
  const json psnr = estimate(sweep.effects(), {{kConv, "1"}}).at("quality").at("psnr.rgb");
  EXPECT_EQ(psnr.at("unit"), "levels^2");
  EXPECT_NEAR(psnr.at("loss"), 650.25, 5);  // 0.05 dB are 1.2 % of it
  EXPECT_EQ(psnr.at("verdict"), "costs");
}

TEST(Effects, SayWhatAnIncompleteDesignCannotTell) {
  Sweep sweep(
      {axis(kConv, {"0", "1"}), axis(kMatmul, {"0", "1"}), axis(kCache, {nullptr, "3/0/0"})}, 6,
      [](const json&, int pair) { return shared(pair); });
  json made = json::array();
  for (const json& one : sweep.comparisons) {
    const json& setting = one.at("setting");
    if (setting.at(kCache).is_null() || (setting.at(kConv) == "0" && setting.at(kMatmul) == "0"))
      made.push_back(one);
  }
  sweep.comparisons = made;
  const json effects = sweep.effects();
  std::vector<std::string> texts;
  for (const json& one : effects.at("confounded")) texts.push_back(one.at("text"));
  ASSERT_EQ(texts.size(), 3u);
  EXPECT_TRUE(texts[2].starts_with(
      "deepcache 3/0/0 was made beside deepcache off only with conv half 0 and matmul half 0:"))
      << texts[2];
  EXPECT_EQ(effects.at("confounded")[2].at("only_with"),
            (json{{kConv, json::array({"0"})}, {kMatmul, json::array({"0"})}}));
  EXPECT_EQ(estimate(effects, {{kConv, "1"}, {kCache, "3/0/0"}}).at("contexts"), 0);
  const std::vector<std::string> notes = effect_table(effects).notes;
  EXPECT_NE(std::find(notes.begin(), notes.end(),
                      "  conv half 1, matmul half 1: made only with deepcache off"),
            notes.end());
}

TEST(Effects, AreAveragedOverOtherAxesAndSaySo) {
  const json effects = Sweep(json::array({axis(kConv, {"0", "1"}), axis(kSteps, {20, 30})}), 6,
                             [](const json& setting, int) {
                               if (setting.at(kConv) == "0") return 0.0;
                               return setting.at(kSteps) == 20 ? 0.5 : 0.25;
                             })
                           .effects();
  ASSERT_EQ(effects.at("estimates").size(), 1u);
  EXPECT_EQ(lpips_of(effects, {{kConv, "1"}}).at("loss"), 0.375);
  EXPECT_EQ(effects.at("averaged_over"), json::array({axis(kSteps, {20, 30})}));
}

TEST(Effects, TellValuesThatMeanTheSame) {
  Sweep sweep(json::array({axis(kConv, {nullptr, "0", "1"})}), 6,
              [](const json&, int pair) { return shared(pair); });
  sweep.comparisons[0]["engagement"][kConv] = {{"value", nullptr},
                                               {"same_as", json::array({"1"})},
                                               {"same_because", "unset means OneDiff's default"}};
  const json effects = sweep.effects();
  EXPECT_EQ(effects.at("switches")[0].at("off"), "0");
  EXPECT_EQ(estimate(effects, {{kConv, nullptr}}).at("same_as"), json::array({"1"}));
  EXPECT_EQ(effect_table(effects).rows[0].label, "conv half unset (= 1)");
}

// Blocks of 100 ms for the reference: 80 ms with the cache, 100 without, +-1 from block to block.
TEST(Effects, OnTimesAreRatiosOverBlocks) {
  Sweep sweep(json::array({axis(kCache, {nullptr, "3/0/0"})}), 1,
              [](const json&, int) { return 0.0; });
  for (json& one : sweep.comparisons)
    for (int block = 0; block < 8; ++block)
      for (int position = 0; position < 4; ++position) {
        const bool candidate = position == 1 || position == 2;
        const double ms = candidate && !one.at("setting").at(kCache).is_null() ? 80 : 100;
        one["timed_samples"].push_back({{"arm", candidate ? "candidate" : "reference"},
                                        {"block", block},
                                        {"timings_ms", {{"total_ms", ms + (block % 3 - 1)}}}});
      }
  const json effects = sweep.effects(),
             time = estimate(effects, {{kCache, "3/0/0"}}).at("speed").at("total_ms");
  EXPECT_NEAR(time.at("ratio"), 0.8, 0.01);
  EXPECT_EQ(time.at("verdict"), "buys");
  EXPECT_EQ(time.at("n"), 8);
  EXPECT_GT(time.at("interval").at("low"), 0.78);
  EXPECT_LT(time.at("interval").at("high"), 0.82);
}

TEST(Effects, OfNoSwitchMakeNoTable) {
  const json effects = Sweep(json::array({axis(kSteps, {20, 30})}), 6, [](const json&, int) {
                         return 0.5;
                       }).effects();
  EXPECT_TRUE(effects.at("estimates").empty());
  EXPECT_TRUE(effect_table(effects).rows.empty());
}

}  // namespace
}  // namespace sameseed
