#include "reports/summary/damage.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reports/judge/verdict.h"
#include "reports/summary/summary.h"
#include "tests/reports/judged.h"
#include "tests/reports/small_run.h"
#include "tests/reports/summary/damage_values.h"

namespace sameseed {
namespace {

using nlohmann::json;

TEST(Damage, SaysHowMuchAndWhere) {
  const json damage = damage_with(lost(0.62));
  EXPECT_EQ(damage.at("kinds"), json({"lost detail"}));
  EXPECT_EQ(damage.at("sentence"),
            "detail lost: 38 % of high-frequency energy, worst around x 40 y 72; mean colour equal "
            "within ΔE 0.5");
}

TEST(Damage, NamesTwoKindsWhereBothAreThere) {
  json changes = lost(0.5);
  changes.update({{"pattern.color_share", 0.8},
                  {"pattern.color_means_share", 0.9},
                  {"pattern.turn_share", 0.9},
                  {"pattern.hue_turn", 12.4}});
  const json damage = damage_with(changes);
  EXPECT_EQ(damage.at("kinds"), json({"colour shift", "lost detail"}));
  EXPECT_NE(damage.at("sentence").get<std::string>().find("hue turned by 12 degrees"),
            std::string::npos);
}

// A change of contrast takes as much of the middle frequencies as of the high ones.
TEST(Damage, TakesLessContrastForNoLossOfDetail) {
  json changes = lost(0.62);
  changes["bands.gain_low"] = std::sqrt(0.62);
  EXPECT_EQ(damage_with(changes).at("kinds"), json({"changed"}));
}

TEST(Damage, OfEqualOrRoundedPicturesIsNone) {
  EXPECT_EQ(damage_with({{"difference.max_abs", 0}}).at("kinds"), json({"none"}));
  EXPECT_EQ(damage_with({{"difference.max_abs", 1}}).at("kinds"), json({"none"}));
  EXPECT_EQ(damage_with({{"difference.max_abs", 2}}).at("kinds"), json({"changed"}));
}

TEST(Damage, IsUnknownWithoutTheValuesItNeeds) {
  EXPECT_TRUE(damage_with({{"pattern.shift_share", nullptr}}).is_null());
  EXPECT_TRUE(damage_in({{"values", {{"psnr.rgb", 30}}}}).is_null());
}

DamageEvidence evidence_with(const json& changes) {
  json values = changed_values();
  values.update(changes);
  const PairScores read = parse_pair_scores(
      {{"values", values},
       {"places",
        {{"local.mse_tile_ratio", {{"x", 24}, {"y", 56}, {"width", 32}, {"height", 32}}}}}});
  return {.values = read.values, .places = read.places, .broken = read.broken};
}

json cast(double a, double b) {
  return {{"pattern.color_share", 0.8},
          {"pattern.color_means_share", 0.9},
          {"pattern.cast_share", 0.9},
          {"color.delta_a", a},
          {"color.delta_b", b}};
}

// Two casts that are each other's opposite: their mean would be no shift at all.
TEST(Damage, OfASettingCountsItsPairs) {
  const auto damage =
      damage_of({evidence_with(lost(0.62)), evidence_with(cast(-4, 3)), evidence_with(lost(0.74)),
                 evidence_with(lost(0.7)), evidence_with(cast(4, -3)), evidence_with(lost(0.59))});
  ASSERT_TRUE(damage);
  EXPECT_EQ(damage->kinds, (std::vector<std::string>{"lost detail", "colour shift"}));
  EXPECT_EQ(damage->sentence,
            "4 of 6 pairs: detail lost: 26 to 41 % of high-frequency energy; mean colour equal "
            "within ΔE 0.5, 2: colours shifted: a cast, mean ΔE 3.0 (|ΔL| 0.0, |Δa| 4.0, |Δb| "
            "3.0)");
}

TEST(Damage, OfOnePairNamesItsPlaceAndOfSeveralNone) {
  EXPECT_NE(damage_of({evidence_with(lost(0.6))})->sentence.find("worst around"),
            std::string::npos);
  EXPECT_EQ(damage_of({evidence_with(lost(0.6)), evidence_with(lost(0.6))})->sentence,
            "2 of 2 pairs: detail lost: 40 % of high-frequency energy; mean colour equal within ΔE "
            "0.5");
}

TEST(Damage, OfPairsCountsThoseWhoseKindIsUnknownToo) {
  EXPECT_TRUE(damage_of({evidence_with(lost(0.6)), DamageEvidence{}})
                  ->sentence.starts_with("1 of 2 pairs: "));
  EXPECT_FALSE(damage_of(std::vector<DamageEvidence>(2)));
  EXPECT_FALSE(damage_of(std::vector<DamageEvidence>{}));
}

TEST(Damage, ClaimsNoEnergyOfNoiseThatBringsNone) {
  const auto sentence = [](double energy) {
    return damage_with({{"pattern.detail_correlation", 0.1},
                        {"bands.rest_high", 2},
                        {"detail.high_frequency_ratio", energy}})
        .at("sentence")
        .get<std::string>();
  };
  EXPECT_TRUE(sentence(0.96).starts_with("noise added: 2.0 levels, worst around"))
      << sentence(0.96);
  EXPECT_TRUE(
      sentence(1.2).starts_with("noise added: 2.0 levels, high-frequency energy times 1.20"));
}

TEST(Damage, OfANegativeIsNoLossOfSaturation) {
  const std::string sentence = damage_with({{"pattern.color_share", 0.9},
                                            {"pattern.color_means_share", 0.9},
                                            {"bands.gain_low", -1},
                                            {"bands.gain_high", -1},
                                            {"bands.coherence_low", -1},
                                            {"bands.coherence_mid", -1},
                                            {"bands.coherence_high", -1},
                                            {"pattern.detail_correlation", -1},
                                            {"pattern.saturation_share", 0.9},
                                            {"pattern.chroma_ratio", -0.9}})
                                   .at("sentence");
  EXPECT_TRUE(sentence.starts_with("colours shifted: turned into their opposites")) << sentence;
}

// What a person reads must be possible, and say where.
TEST(Damage, SaysWhatIsSeen) {
  const auto sentence = [](const json& changes) {
    return damage_with(changes).at("sentence").get<std::string>();
  };
  EXPECT_TRUE(
      sentence(
          {{"pattern.shift_share", 0.9}, {"pattern.shift_x", 0.52}, {"pattern.shift_y", -6.01}})
          .starts_with("displaced by x +0.5 y -6;"));
  EXPECT_TRUE(
      sentence(
          {{"pattern.warp_share", 0.7}, {"bands.gain_high", 0.5}, {"pattern.warp_pixels", 1.44}})
          .starts_with("displaced: each place by its own step, mostly 1.4 pixels, worst "
                       "around x 40 y 72;"));
  EXPECT_TRUE(sentence({{"blocks.pixel_share", 0.99}, {"blocks.pixel_side", 4}})
                  .starts_with("pixelated: squares of 4 pixels a side;"));
  EXPECT_TRUE(
      sentence({{"blocks.compression", 0.5}, {"blocks.grid", 0.05}})
          .starts_with("block artefacts: squares of 8 x 8 pixels as JPEG compression leaves "
                       "them, worst around"));
  EXPECT_NE(sentence({{"blocks.compression", 0.5}, {"blocks.grid", 0.8}})
                .find("steps at their borders 80 % larger than elsewhere"),
            std::string::npos);
  EXPECT_TRUE(sentence({{"bands.gain_high", 1.4}})
                  .starts_with("sharpened: fine edges 40 % stronger, worst around x 40 y 72;"));
  EXPECT_TRUE(sentence({{"marks.periodic_share", 0.9}, {"marks.period", 2}})
                  .starts_with("checkerboard: a pattern that repeats every 2 pixels"));
  EXPECT_EQ(sentence({{"marks.seam_ratio", 30}, {"marks.seam_levels", 4.2}}),
            "seams: colours step by 4.2 levels along a straight line");
  EXPECT_EQ(sentence({{"bands.coherence_low", 0}, {"bands.coherence_mid", 0}}),
            "another picture: its shapes lie elsewhere, mean ΔE 3.0");
  EXPECT_TRUE(sentence({{"pattern.level_comb", 1}})
                  .starts_with("posterised: brightness lies in bands, worst around"));
  EXPECT_EQ(sentence({{"pattern.area_share", 0.04}, {"pattern.area_outside", 0}}),
            "local damage: 95 % of the error on 4.0 % of the picture");
  EXPECT_EQ(sentence({{"pattern.area_share", 0.04},
                      {"pattern.area_outside", 0},
                      {"pattern.area_correlation", 0.1}}),
            "redrawn locally: something else is shown on 4.0 % of the picture");
}

// What took the detail's place is no detail: its power is not counted as kept.
TEST(Damage, CountsDetailThatSomethingElseReplacedAsLost) {
  json changes = lost(0.25);
  changes["detail.high_frequency_ratio"] = 0.9;
  EXPECT_TRUE(damage_with(changes)
                  .at("sentence")
                  .get<std::string>()
                  .starts_with("detail lost: 75 % of high-frequency energy"));
}

TEST(Damage, OfSeamsNamesTheLine) {
  const auto sentence = [](const json& place) {
    json values = changed_values();
    values.update({{"marks.seam_ratio", 30}, {"marks.seam_levels", 4.2}});
    return damage_in({{"values", values}, {"places", {{"marks.seam_ratio", place}}}})
        .at("sentence")
        .get<std::string>();
  };
  EXPECT_EQ(sentence({{"x", 94}, {"y", 0}, {"width", 4}, {"height", 256}}),
            "seams: colours step by 4.2 levels along a line from top to bottom at x 96");
  EXPECT_EQ(sentence({{"x", 0}, {"y", 78}, {"width", 320}, {"height", 4}}),
            "seams: colours step by 4.2 levels along a line from left to right at y 80");
}

RawRun broken_run() {
  RawRun run = small_run();
  run.scores.at({"on-1", "r-1"})["broken"] = {{"candidate", {"black", "one colour"}},
                                              {"reference", json::array()}};
  return run;
}

TEST(Broken, PicturesAreListedAndNamedBeforeAllElse) {
  const json summary = report_of(broken_run());
  for (const json& one : summary.at("comparisons"))
    if (one.at("id") == "on~r") {
      ASSERT_EQ(one.at("broken").size(), 1u);
      EXPECT_EQ(one.at("broken").at(0).at("case"), "on-1");
      EXPECT_EQ(one.at("broken").at(0).at("side"), "candidate");
      EXPECT_EQ(one.at("damage").at("kinds"), json({"broken"}));
      EXPECT_EQ(one.at("damage").at("sentence"),
                "1 of 2 pairs: the candidate is broken: black, one colour");
    } else {
      EXPECT_TRUE(one.at("broken").empty());
    }
}

TEST(Broken, NoThresholdHidesABrokenPicture) {
  const json summary = report_of(broken_run());
  const Gate lenient = {.name = "lpips.alex", .statistic = "mean", .at_most = 100.0};
  for (const json& found : {judged(summary, std::nullopt), judged(summary, {{lenient}})}) {
    EXPECT_EQ(found.at("code"), 7);
    ASSERT_EQ(found.at("causes").size(), 1u);
    EXPECT_EQ(found.at("causes").at(0).at("kind"), "broken");
    EXPECT_NE(found.at("causes").at(0).at("text").get<std::string>().find("case on-1 is broken"),
              std::string::npos);
  }
  EXPECT_EQ(judged(report_of(small_run()), {{lenient}}).at("code"), 0);
}

TEST(Quality, SaysWhyAMetricIsAbsentFromAllPairs) {
  RawRun run = small_run();
  run.scorer->at("metrics").push_back({{"name", "ms_ssim"},
                                       {"unit", ""},
                                       {"better", "higher"},
                                       {"identical", 1},
                                       {"definition", "of five scales"}});
  for (auto& [pair, score] : run.scores) score["absent"] = {{"ms_ssim", "too small"}};
  const json summary = report_of(run);
  for (const json& one : summary.at("comparisons"))
    EXPECT_EQ(one.at("quality").at("ms_ssim"), json({{"n", 0}, {"unavailable", "too small"}}));
}

}  // namespace
}  // namespace sameseed
