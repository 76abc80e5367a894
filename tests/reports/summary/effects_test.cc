#include "reports/summary/effects.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "reports/formats/effects_table.h"
#include "reports/formats/json.h"

namespace sameseed {
namespace {

using nlohmann::json;

const std::string kConvSwitch = "candidate.env.ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION",
                  kMatmul = "candidate.env.ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION",
                  kCache = "candidate.request.deepcache", kSteps = "both.request.steps";

// The comparisons of a sweep, of whom each setting's score is a function of the setting and the
// pair.
struct Sweep {
  std::vector<SweepAxis> axes;
  std::vector<ReportMetric> metrics;
  std::vector<Comparison> comparisons;

  Sweep(const std::vector<SweepAxis>& swept, int pairs,
        const std::function<double(const Setting&, int)>& lpips)
      : axes(swept) {
    set_metric({.name = "lpips.alex"});
    std::vector<Setting> settings = {{}};
    for (const SweepAxis& axis : axes) {
      std::vector<Setting> longer;
      for (const Setting& setting : settings)
        for (const AxisValue& value : axis.values) {
          longer.push_back(setting);
          longer.back()[axis.name] = value;
        }
      settings = std::move(longer);
    }
    for (const Setting& setting : settings) {
      Comparison comparison{.setting = setting, .against = "reference"};
      for (int pair = 0; pair < pairs; ++pair)
        comparison.pairs.push_back({.pair = {.prompt = "cat " + std::to_string(pair)},
                                    .scored = true,
                                    .values = {{"lpips.alex", lpips(setting, pair)}}});
      comparisons.push_back(std::move(comparison));
    }
  }

  void set_metric(const ReportMetric& metric) { metrics = {metric}; }
  std::map<std::string, double>& values(std::size_t comparison, std::size_t pair) {
    return comparisons.at(comparison).pairs.at(pair).values;
  }
  Effects effects() const { return effects_of(comparisons, axes, metrics); }
};

// As report.json has them.
json json_of(const Effects& effects) {
  Summary summary;
  summary.effects = effects;
  return report_json(summary, {}).at("effects");
}

SweepAxis axis(const std::string& name, const std::vector<AxisValue>& values) {
  return {.name = name, .values = values};
}

const std::vector<SweepAxis> kTwoByTwo = {axis(kConvSwitch, {"0", "1"}), axis(kMatmul, {"0", "1"})};

bool is_on(const Setting& setting, const std::string& axis) {
  const auto value = setting.find(axis);
  return value != setting.end() && value->second == "1";
}

// Shared by a pair's settings, and small noise of its own for each.
double shared(int pair) { return 0.2 + 0.05 * (pair % 5); }
double noise(const Setting& setting, int pair) {
  return 0.001 *
         std::sin(100.0 * pair + static_cast<double>(json(setting).dump().size() % 7) +
                  (is_on(setting, kConvSwitch) ? 1.3 : 0) + (is_on(setting, kMatmul) ? 2.9 : 0));
}

json estimate(const Effects& effects, const json& levels) {
  const json all = json_of(effects);
  for (const json& one : all.at("estimates"))
    if (one.at("levels") == levels) return one;
  return nullptr;
}
json lpips_of(const Effects& effects, const json& levels) {
  return estimate(effects, levels).at("quality").at("lpips.alex");
}

TEST(Effects, FindAPlantedMainEffectAndNoOther) {
  const Effects effects =
      Sweep(kTwoByTwo, 12, [](const Setting& setting, int pair) {
        return shared(pair) + noise(setting, pair) + (setting.at(kConvSwitch) == "1" ? 0.1 : 0);
      }).effects();
  const json conv = lpips_of(effects, {{kConvSwitch, "1"}});
  EXPECT_EQ(conv.at("verdict"), "costs");
  EXPECT_NEAR(conv.at("loss"), 0.1, 0.001);  // the noise's amplitude
  EXPECT_EQ(conv.at("n"), 12);
  EXPECT_EQ(conv.at("contexts"), 2);
  EXPECT_EQ(lpips_of(effects, {{kMatmul, "1"}}).at("verdict"), "none shown");
  EXPECT_TRUE(lpips_of(effects, {{kMatmul, "1"}}).contains("needed"));
  EXPECT_EQ(lpips_of(effects, {{kConvSwitch, "1"}, {kMatmul, "1"}}).at("verdict"), "none shown");
}

TEST(Effects, NameAPlantedInteraction) {
  const Effects effects = Sweep(kTwoByTwo, 12, [](const Setting& setting, int pair) {
                            const bool both =
                                setting.at(kConvSwitch) == "1" && setting.at(kMatmul) == "1";
                            return shared(pair) + noise(setting, pair) + (both ? 0.1 : 0);
                          }).effects();
  const json both = lpips_of(effects, {{kConvSwitch, "1"}, {kMatmul, "1"}});
  EXPECT_EQ(both.at("verdict"), "costs");
  EXPECT_NEAR(both.at("loss"), 0.1, 0.004);
  const ReportTable table = effect_table(effects);
  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_EQ(table.rows[0].label, "conv half 1 with matmul half 1");
}

TEST(Effects, WithoutAnyDifferenceAreExactlyNone) {
  const Effects effects =
      Sweep(kTwoByTwo, 12, [](const Setting&, int pair) { return shared(pair); }).effects();
  const json all = json_of(effects);
  for (const json& one : all.at("estimates")) {
    EXPECT_EQ(one.at("quality").at("lpips.alex").at("verdict"), "none shown");
    EXPECT_EQ(one.at("quality").at("lpips.alex").at("exactly_none"), true);
  }
  EXPECT_EQ(effect_table(effects).rows[0].cells[0], "0 exactly");
}

TEST(Effects, OfOnePairHaveNoInterval) {
  const Effects effects = Sweep(kTwoByTwo, 1, [](const Setting& setting, int) {
                            return setting.at(kConvSwitch) == "1" ? 0.5 : 0.25;
                          }).effects();
  const json conv = lpips_of(effects, {{kConvSwitch, "1"}});
  EXPECT_EQ(conv.at("verdict"), "too few");
  EXPECT_EQ(conv.at("loss"), 0.25);
  EXPECT_TRUE(conv.at("interval").is_null());
  EXPECT_FALSE(conv.contains("needed"));  // one pair shows no spread
}

TEST(Effects, ThatAreNotShownSayHowManyPromptsWouldDo) {
  const auto effects_over = [](int prompts) {
    return Sweep(kTwoByTwo, prompts,
                 [](const Setting& setting, int pair) {
                   return setting.at(kConvSwitch) == "1" ? (pair % 2 ? 0.05 : -0.03) : 0;
                 })
        .effects();
  };
  const json eight = lpips_of(effects_over(8), {{kConvSwitch, "1"}});
  ASSERT_EQ(eight.at("verdict"), "none shown");
  // c s / sqrt(8) is half the interval's width; ((c + 0.8416) s / 0.01)^2.
  const double spread = 0.04 * std::sqrt(8.0 / 7),
               critical =
                   (eight.at("interval").at("high").get<double>() - 0.01) * std::sqrt(8.0) / spread;
  EXPECT_EQ(eight.at("needed"), std::ceil(std::pow((critical + 0.8416) * spread / 0.01, 2)));
  EXPECT_TRUE(effect_table(effects_over(8)).notes.back().ends_with(" prompts"));
  // Of four nothing is known but that they are too few.
  EXPECT_FALSE(lpips_of(effects_over(4), {{kConvSwitch, "1"}}).contains("needed"));
}

TEST(Effects, CountThePromptsAndNotTheirSeeds) {
  const auto loss = [](const Setting& setting, int pair) {
    return setting.at(kConvSwitch) == "1" ? 0.1 + 0.01 * (pair % 3) : 0;
  };
  Sweep once(kTwoByTwo, 5, loss), seeds = once;
  for (Comparison& comparison : seeds.comparisons)
    for (int seed = 1; seed < 8; ++seed)
      for (int pair = 0; pair < 5; ++pair) {
        comparison.pairs.push_back(comparison.pairs.at(static_cast<std::size_t>(pair)));
        comparison.pairs.back().pair.seed = static_cast<std::uint64_t>(seed);
      }
  const json conv = lpips_of(seeds.effects(), {{kConvSwitch, "1"}});
  EXPECT_EQ(conv, lpips_of(once.effects(), {{kConvSwitch, "1"}}));
  EXPECT_EQ(conv.at("verdict"), "too few");
  EXPECT_EQ(conv.at("n"), 5);
}

TEST(Effects, UsePairsThatHaveAllSettingsNeeded) {
  Sweep sweep(
      {axis(kConvSwitch, {"0", "1"}), axis(kCache, {nullptr, "3/0/0"})}, 12,
      [](const Setting& setting, int) { return setting.at(kConvSwitch) == "1" ? 0.5 : 0.25; });
  sweep.values(0, 3).clear();  // refused: the arms had different noise
  sweep.values(1, 5)["lpips.alex"] = std::nan("");
  const json conv = lpips_of(sweep.effects(), {{kConvSwitch, "1"}});
  EXPECT_EQ(conv.at("n"), 10);
  EXPECT_EQ(conv.at("of"), 12);
  EXPECT_EQ(conv.at("loss"), 0.25);
}

TEST(Effects, SurviveASettingThatNeverCameOut) {
  Sweep sweep(
      {axis(kConvSwitch, {"0", "1"}), axis(kCache, {nullptr, "3/0/0"})}, 12,
      [](const Setting& setting, int) { return setting.at(kConvSwitch) == "1" ? 0.5 : 0.25; });
  for (std::size_t pair = 0; pair < 12; ++pair) sweep.values(3, pair).clear();
  const Effects effects = sweep.effects();
  const json conv = lpips_of(effects, {{kConvSwitch, "1"}});
  EXPECT_EQ(conv.at("n"), 12);
  EXPECT_EQ(conv.at("contexts"), 1);
  EXPECT_TRUE(estimate(effects, {{kConvSwitch, "1"}, {kCache, "3/0/0"}}).at("quality").empty());
}

TEST(Effects, OfIdenticalPicturesInDecibelsAreALossOfZero) {
  Sweep sweep({axis(kConvSwitch, {"0", "1"})}, 6, [](const Setting&, int) { return 0; });
  sweep.set_metric({.name = "psnr.rgb", .unit = "dB", .better = Direction::kHigher});
  for (std::size_t pair = 0; pair < 6; ++pair) {
    sweep.values(0, pair) = {{"psnr.rgb", std::numeric_limits<double>::infinity()}};
    sweep.values(1, pair) = {{"psnr.rgb", 20.0 + 0.01 * static_cast<double>(pair)}};
  }
  const json psnr = estimate(sweep.effects(), {{kConvSwitch, "1"}}).at("quality").at("psnr.rgb");
  EXPECT_EQ(psnr.at("unit"), "levels^2");
  EXPECT_NEAR(psnr.at("loss"), 650.25, 5);  // 0.05 dB are 1.2 % of it
  EXPECT_EQ(psnr.at("verdict"), "costs");
}

TEST(Effects, SayWhatAnIncompleteDesignCannotTell) {
  Sweep sweep(
      {axis(kConvSwitch, {"0", "1"}), axis(kMatmul, {"0", "1"}), axis(kCache, {nullptr, "3/0/0"})},
      6, [](const Setting&, int pair) { return shared(pair); });
  std::erase_if(sweep.comparisons, [](const Comparison& comparison) {
    const Setting& setting = comparison.setting;
    return !setting.at(kCache).is_null() &&
           (is_on(setting, kConvSwitch) || is_on(setting, kMatmul));
  });
  const Effects effects = sweep.effects();
  std::vector<std::string> texts;
  for (const Confounded& entry : effects.confounded) texts.push_back(entry.text);
  ASSERT_EQ(texts.size(), 3u);
  EXPECT_TRUE(texts[2].starts_with(
      "deepcache 3/0/0 was made beside deepcache off only with conv half 0 and matmul half 0:"))
      << texts[2];
  EXPECT_EQ(json_of(effects).at("confounded")[2].at("only_with"),
            (json{{kConvSwitch, json::array({"0"})}, {kMatmul, json::array({"0"})}}));
  EXPECT_EQ(estimate(effects, {{kConvSwitch, "1"}, {kCache, "3/0/0"}}).at("contexts"), 0);
  const std::vector<std::string> notes = effect_table(effects).notes;
  EXPECT_NE(std::find(notes.begin(), notes.end(),
                      "  conv half 1, matmul half 1: made only with deepcache off"),
            notes.end());
}

TEST(Effects, AreAveragedOverOtherAxesAndSaySo) {
  const Effects effects = Sweep({axis(kConvSwitch, {"0", "1"}), axis(kSteps, {20, 30})}, 6,
                                [](const Setting& setting, int) {
                                  if (setting.at(kConvSwitch) == "0") return 0.0;
                                  return setting.at(kSteps) == 20 ? 0.5 : 0.25;
                                })
                              .effects();
  ASSERT_EQ(effects.estimates.size(), 1u);
  EXPECT_EQ(lpips_of(effects, {{kConvSwitch, "1"}}).at("loss"), 0.375);
  ASSERT_EQ(effects.averaged_over.size(), 1u);
  EXPECT_EQ(effects.averaged_over[0].name, kSteps);
  EXPECT_EQ(effects.averaged_over[0].values, (std::vector<AxisValue>{20, 30}));
}

TEST(Effects, TellValuesThatMeanTheSame) {
  Sweep sweep({axis(kConvSwitch, {nullptr, "0", "1"})}, 6,
              [](const Setting&, int pair) { return shared(pair); });
  sweep.comparisons[0].engagement[kConvSwitch] = {
      .value = nullptr, .same_as = {"1"}, .same_because = "unset means OneDiff's default"};
  const Effects effects = sweep.effects();
  EXPECT_EQ(effects.switches[0].off, "0");
  EXPECT_EQ(estimate(effects, {{kConvSwitch, nullptr}}).at("same_as"), json::array({"1"}));
  EXPECT_EQ(effect_table(effects).rows[0].label, "conv half unset (= 1)");
}

// Blocks of 100 ms for the reference: 80 ms with the cache, 100 without, +-1 from block to block.
TEST(Effects, OnTimesAreRatiosOverBlocks) {
  Sweep sweep({axis(kCache, {nullptr, "3/0/0"})}, 1, [](const Setting&, int) { return 0.0; });
  for (Comparison& comparison : sweep.comparisons)
    for (std::size_t block = 0; block < 8; ++block)
      for (int position = 0; position < 4; ++position) {
        const bool candidate = position == 1 || position == 2;
        const double ms = candidate && !comparison.setting.at(kCache).is_null() ? 80 : 100;
        comparison.speed.samples.push_back(
            {.arm = candidate ? "candidate" : "reference",
             .block = block,
             .ms = {{"total_ms", ms + static_cast<double>(block % 3) - 1}}});
      }
  const Effects effects = sweep.effects();
  const json time = estimate(effects, {{kCache, "3/0/0"}}).at("speed").at("total_ms");
  EXPECT_NEAR(time.at("ratio"), 0.8, 0.01);
  EXPECT_EQ(time.at("verdict"), "buys");
  EXPECT_EQ(time.at("n"), 8);
  EXPECT_GT(time.at("interval").at("low"), 0.78);
  EXPECT_LT(time.at("interval").at("high"), 0.82);
}

// Four samples of a block, an arm each: R C C R.
void add_block(Comparison& comparison, std::size_t block, double candidate, double reference) {
  for (int position = 0; position < 4; ++position) {
    const bool is_candidate = position == 1 || position == 2;
    comparison.speed.samples.push_back(
        {.arm = is_candidate ? "candidate" : "reference",
         .block = block,
         .ms = {{"total_ms", is_candidate ? candidate : reference}}});
  }
}

// A sweep of the convolution's switch with its two comparisons. The switch takes 10 % of the time,
// but the machine slowed down by 20 % for the candidates between the blocks of the setting that is
// off and those of the one that is on: their ratios to the reference say that the switch costs.
Sweep drifting_sweep(std::size_t blocks) {
  Sweep sweep({axis(kConvSwitch, {"0", "1"})}, 1, [](const Setting&, int) { return 0.0; });
  Comparison direct = sweep.comparisons[1];
  direct.against = "switches_off";
  sweep.comparisons[0].pairs[0].pair.candidate = direct.pairs[0].pair.reference = "off";
  sweep.comparisons[1].pairs[0].pair.candidate = direct.pairs[0].pair.candidate = "on";
  for (std::size_t block = 0; block < blocks; ++block) {
    const double noise = 1 + 0.01 * (static_cast<double>(block % 3) - 1);
    add_block(sweep.comparisons[0], block, 100, 100 * noise);
    add_block(sweep.comparisons[1], block, 90 * 1.2, 100 * noise);
    add_block(direct, block, 90 * noise, 100);
  }
  sweep.comparisons.push_back(direct);
  return sweep;
}

TEST(Effects, OnTimesComeFromASwitchsOwnBlocksAgainstSwitchesOff) {
  const Effects effects = drifting_sweep(6).effects();
  const json time = estimate(effects, {{kConvSwitch, "1"}}).at("speed").at("total_ms");
  EXPECT_NEAR(time.at("ratio"), 0.9, 0.003);
  EXPECT_EQ(time.at("verdict"), "buys");
  EXPECT_EQ(time.at("n"), 6);  // its own six blocks are enough
  EXPECT_EQ(time.at("of"), 6);
  EXPECT_EQ(time.at("from"), "blocks against switches off");
  EXPECT_LT(time.at("interval").at("high"), 0.92);
  // Its noise is that of its own blocks: +-1 %, and not of two comparisons' together.
  EXPECT_GT(time.at("interval").at("low"), 0.88);
}

TEST(Effects, OnTimesOfTooFewBlocksAreNoNumber) {
  const Effects effects = drifting_sweep(5).effects();
  const json time = estimate(effects, {{kConvSwitch, "1"}}).at("speed").at("total_ms");
  EXPECT_TRUE(time.at("ratio").is_null());
  EXPECT_EQ(time.at("ratio_absent"), "too few blocks (5 of 6)");
  EXPECT_EQ(time.at("verdict"), "too few");
  const ReportTable table = effect_table(effects);
  EXPECT_EQ(table.rows.at(0).cells.back(), "too few blocks (5 of 6)");
}

// A load option stays as it is when switches are off: two settings, each with its own "off".
TEST(Effects, OnTimesOfWhatSwitchesOffLeavesOnComeByWayOfTheReference) {
  Sweep sweep({axis("candidate.load.threads", {1, 2})}, 1, [](const Setting&, int) { return 0.0; });
  for (std::size_t i = 0; i < 2; ++i) {
    sweep.comparisons[i].pairs[0].pair.candidate = "threads " + std::to_string(i);
    for (std::size_t block = 0; block < 8; ++block)
      add_block(sweep.comparisons[i], block, (i == 0 ? 100 : 70) + static_cast<double>(block % 3),
                100);
  }
  const Effects effects = sweep.effects();
  const json time = estimate(effects, {{"candidate.load.threads", 2}}).at("speed").at("total_ms");
  EXPECT_NEAR(time.at("ratio"), 0.7, 0.01);
  EXPECT_EQ(time.at("from"), "blocks against the reference");
  bool noted = false;
  for (const std::string& note : effect_table(effects).notes)
    noted = noted || note.find("from blocks against the reference") != std::string::npos;
  EXPECT_TRUE(noted);
}

// Both switches on, held against one: each has its own blocks against both off.
TEST(Effects, OnTimesOfTwoSwitchesComeFromTheBlocksOfEachSetting) {
  Sweep sweep(kTwoByTwo, 1, [](const Setting&, int) { return 0.0; });
  for (std::size_t i = 0; i < 4; ++i) {
    sweep.comparisons[i].pairs[0].pair.candidate = "case " + std::to_string(i);
    for (std::size_t block = 0; block < 6; ++block)
      add_block(sweep.comparisons[i], block, 100 * (1.0 + 0.3 * static_cast<double>(i)), 100);
  }
  for (std::size_t i = 1; i < 4; ++i) {
    Comparison direct = sweep.comparisons[i];
    direct.against = "switches_off";
    direct.pairs[0].pair.reference = "case 0";
    direct.speed.samples.clear();
    const double conv = is_on(direct.setting, kConvSwitch) ? 0.9 : 1,
                 matmul = is_on(direct.setting, kMatmul) ? 0.8 : 1;
    for (std::size_t block = 0; block < 6; ++block)
      add_block(direct, block, conv * matmul * (100 + static_cast<double>(block % 2)), 100);
    sweep.comparisons.push_back(direct);
  }
  const Effects effects = sweep.effects();
  const auto ratio = [&](const json& levels) {
    return estimate(effects, levels).at("speed").at("total_ms").at("ratio").get<double>();
  };
  EXPECT_NEAR(ratio({{kConvSwitch, "1"}}), 0.9, 0.01);
  EXPECT_NEAR(ratio({{kMatmul, "1"}}), 0.8, 0.01);
  EXPECT_NEAR(ratio({{kConvSwitch, "1"}, {kMatmul, "1"}}), 1, 0.02);
  EXPECT_EQ(estimate(effects, {{kConvSwitch, "1"}}).at("speed").at("total_ms").at("n"), 12);
}

TEST(Effects, OfNoSwitchMakeNoTable) {
  const Effects effects =
      Sweep({axis(kSteps, {20, 30})}, 6, [](const Setting&, int) { return 0.5; }).effects();
  EXPECT_TRUE(effects.estimates.empty());
  EXPECT_TRUE(effect_table(effects).rows.empty());
}

}  // namespace
}  // namespace sameseed
