// The rules for kinds of damage, on both sides of each threshold.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/reports/summary/damage_values.h"

namespace sameseed {
namespace {

// A rule's threshold: the kinds on its two sides, all else equal.
struct Sides {
  json others;
  const char* value;
  double one, other;
  std::vector<std::string> kinds, other_kinds;
};

void expect_sides(const std::vector<Sides>& rows) {
  for (const Sides& row : rows)
    for (const bool first : {true, false}) {
      json changes = row.others;
      changes[row.value] = first ? row.one : row.other;
      EXPECT_EQ(damage_with(changes).at("kinds"), json(first ? row.kinds : row.other_kinds))
          << row.value << " " << changes;
    }
}

TEST(Damage, OfPlacesChangesItsNameAtEachThreshold) {
  const json patch = {{"pattern.area_share", 0.1},
                      {"pattern.area_outside", 0.0001},
                      {"pattern.area_energy_low", 0},
                      {"pattern.area_correlation", 0.2}};
  const auto with = [&](const json& changes) {
    json all = patch;
    if (!changes.empty()) all.update(changes);
    return all;
  };
  const json beside_others =
      with({{"pattern.area_outside", 0.01}, {"pattern.area_detail_share", 0.1}});
  const std::vector<std::string> changed = {"changed"}, local = {"local damage"},
                                 redrawn = {"redrawn locally"}, displaced = {"displaced"};
  const json out_of_place = {{"bands.gain_high", 0.7}, {"pattern.detail_correlation", -0.2}};
  const auto away = [&](const json& changes) {
    json all = out_of_place;
    if (!changes.empty()) all.update(changes);
    return all;
  };
  expect_sides(
      {{{}, "pattern.shift_share", 0.64, 0.66, changed, displaced},
       {patch, "pattern.area_share", 0.29, 0.31, local, changed},
       {patch, "pattern.area_together", 0.36, 0.34, local, changed},
       {patch, "pattern.color_share", 0.69, 0.71, local, changed},
       {patch, "pattern.area_outside", 0.0004, 0.0006, local, changed},
       {beside_others, "pattern.area_share", 0.14, 0.16, local, changed},
       {beside_others, "pattern.area_detail_share", 0.34, 0.36, local, changed},
       {beside_others, "pattern.area_outside", 0.019, 0.021, local, changed},
       {with({{"pattern.area_correlation", 0.5}}), "pattern.area_energy_low", 0.07, 0.09, local,
        redrawn},
       {patch, "pattern.area_energy_low", 0.009, 0.011, local, redrawn},
       {with({{"pattern.area_energy_low", 0.05}}), "pattern.area_correlation", 0.31, 0.29, local,
        redrawn},
       {with({{"pattern.area_energy_low", 1}}), "pattern.area_correlation", 0.86, 0.88, redrawn,
        local},
       {with({{"pattern.area_energy_low", 1}}), "pattern.area_roughness", 0.69, 0.71, redrawn,
        local},
       {with({{"pattern.area_energy_low", 6}}), "pattern.area_roughness", 0.39, 0.41, redrawn,
        local},
       {with({{"pattern.area_roughness", 0.5}}), "pattern.area_energy_low", 4.9, 5.1, redrawn,
        local},
       {away({{"pattern.warp_share", 0.5}}), "bands.gain_high", 0.74, 0.76, displaced, changed},
       {away({{"detail.high_frequency_ratio", 0.6}}), "pattern.warp_share", 0.46, 0.44, displaced,
        changed},
       {away({{"pattern.warp_share", 0.5}}), "detail.high_frequency_ratio", 0.51, 0.49, displaced,
        changed},
       {away({{"pattern.warp_share", 0.7}}), "detail.high_frequency_ratio", 0.26, 0.24, displaced,
        changed},
       {away({}), "pattern.warp_share", 0.19, 0.17, displaced, changed},
       {away({{"pattern.warp_share", 0.3}}), "detail.high_frequency_ratio", 0.76, 0.74, displaced,
        changed},
       {away({{"bands.gain_high", 0.9}}), "pattern.warp_share", 0.63, 0.61, displaced, changed},
       {away({{"pattern.warp_share", 0.7}}), "bands.gain_high", 0.94, 0.96, displaced, changed}});
}

TEST(Damage, OfMarksAndLevelsChangesItsNameAtEachThreshold) {
  const std::vector<std::string> changed = {"changed"}, blocks = {"block artefacts"},
                                 another = {"another picture"}, bands = {"posterised"},
                                 seams = {"seams"}, sharp = {"sharpened"};
  const json other = {
      {"bands.coherence_low", 0.4}, {"bands.coherence_mid", 0.01}, {"bands.coherence_high", 0}};
  const auto other_with = [&](const json& changes) {
    json all = other;
    if (!changes.empty()) all.update(changes);
    return all;
  };
  const json seam = {{"marks.seam_ratio", 20}, {"marks.seam_levels", 5}};
  const json few_levels = {{"pattern.level_ratio", 0.1}, {"pattern.level_step", 8}};
  expect_sides({{{}, "blocks.pixel_share", 0.84, 0.86, changed, {"pixelated"}},
                {{}, "marks.periodic_share", 0.26, 0.28, changed, {"checkerboard"}},
                {{}, "blocks.compression", 0.15, 0.17, changed, blocks},
                {other, "blocks.compression", 0.15, 0.17, another, blocks},
                {other, "bands.coherence_low", 0.61, 0.63, another, changed},
                {other, "bands.coherence_low", -0.61, -0.63, another, changed},
                {other, "bands.coherence_mid", 0.29, 0.31, another, changed},
                {other, "pattern.warp_share", 0.61, 0.63, another, changed},
                {other_with({{"pattern.detail_correlation", -0.95}}), "detail.mid_frequency_ratio",
                 0.06, 0.04, another, changed},
                {other_with({{"detail.mid_frequency_ratio", 0.01}}), "pattern.detail_correlation",
                 -0.89, -0.91, another, changed},
                {few_levels, "pattern.level_ratio", 0.67, 0.69, bands, changed},
                {few_levels, "difference.mean_abs", 5.9, 6.1, bands, changed},
                {{{"pattern.level_comb", 1}}, "bands.coherence_high", 0.41, 0.39, bands, changed},
                {seam, "pattern.color_share", 0.84, 0.86, seams, changed},
                {{}, "pattern.level_comb", 0.46, 0.44, bands, changed},
                {{{"pattern.level_comb", 1}}, "pattern.color_share", 0.59, 0.61, bands, changed},
                {seam, "marks.seam_ratio", 9.1, 8.9, seams, changed},
                {seam, "bands.coherence_high", 0.96, 0.94, seams, changed},
                {seam, "bands.rest_high", 3.2, 3.4, seams, changed},
                {{{"marks.seam_ratio", 20}}, "marks.seam_levels", 0.31, 0.29, seams, changed},
                {{}, "bands.gain_high", 1.11, 1.09, sharp, changed},
                {{{"bands.gain_high", 1.3}}, "bands.gain_low", 1.17, 1.19, sharp, changed},
                {{{"bands.gain_high", 1.3}}, "bands.coherence_high", 0.81, 0.79, sharp, changed},
                {{{"bands.gain_high", 1.3}}, "pattern.color_share", 0.84, 0.86, sharp, changed}});
}

TEST(Damage, OfColoursAndDetailChangesItsNameAtEachThreshold) {
  const std::vector<std::string> changed = {"changed"}, colour = {"colour shift"},
                                 noise = {"added noise"}, less = {"lost detail"};
  const json shift = {{"pattern.color_share", 0.8}, {"pattern.color_means_share", 0.9}};
  const auto shift_with = [&](const json& changes) {
    json all = shift;
    if (!changes.empty()) all.update(changes);
    return all;
  };
  const json own = {{"bands.rest_high", 2}, {"pattern.detail_correlation", 0}};
  json soft = shift;
  soft.update(lost(0.25));
  const json moved = {
      {"pattern.color_share", 0.25}, {"pattern.color_means_share", 0.8}, {"color.delta_l", 5}};
  expect_sides(
      {{shift, "pattern.color_means_share", 0.61, 0.59, colour, changed},
       {shift_with({{"pattern.color_share", 0.4}}), "bands.coherence_mid", 0.96, 0.94, colour,
        changed},
       {shift, "pattern.color_share", 0.31, 0.29, colour, changed},
       {shift_with({{"pattern.color_share", 0.9}}), "bands.coherence_mid", 0.51, 0.49, colour,
        changed},
       {shift_with({{"bands.coherence_mid", 0.9}}), "pattern.color_share", 0.86, 0.84, colour,
        changed},
       {moved, "pattern.color_share", 0.21, 0.19, colour, changed},
       {moved, "pattern.color_means_share", 0.76, 0.74, colour, changed},
       {moved, "color.delta_l", 2.1, 1.9, colour, changed},
       {soft, "pattern.mapped_gain_high", 0.84, 0.86, {"colour shift", "lost detail"}, colour},
       {soft, "bands.gain_high", 0.94, 0.96, {"colour shift", "lost detail"}, colour},
       {shift, "pattern.mapped_noise", 1.1, 0.9, {"colour shift", "added noise"}, colour},
       {shift, "blocks.compression", 0.17, 0.15, {"colour shift", "block artefacts"}, colour},
       {shift_with({{"color.delta_l", 5}}),
        "blocks.pixel_share",
        0.86,
        0.84,
        {"colour shift", "pixelated"},
        colour},
       {lost(0.5), "bands.gain_high", 0.94, 0.96, less, changed},
       {lost(0.5), "bands.gain_low", 0.75, 0.74, less, changed},
       {lost(0.5), "pattern.detail_correlation", -0.26, -0.24, less, changed},
       {own, "bands.rest_high", 0.26, 0.24, noise, changed},
       {own, "pattern.detail_correlation", 0.44, 0.46, noise, changed}});
}

// Blocks and marks are not measured where a picture is too small for them.
TEST(Damage, OfSmallPicturesNeedsNoBlocks) {
  json values = changed_values();
  values.update(lost(0.5));
  for (auto one = values.begin(); one != values.end();)
    one = one.key().starts_with("blocks.") || one.key().starts_with("marks.") ? values.erase(one)
                                                                              : std::next(one);
  EXPECT_EQ(damage_in({{"values", values}}).at("kinds"), json({"lost detail"}));
}

TEST(Damage, OfAnOlderScorerSaysOnlyWhatThatMeasured) {
  const auto of = [](const json& changes) {
    return damage_in({{"values", earlier_values(changes)}});
  };
  EXPECT_EQ(of({}).at("kinds"), json({"changed"}));
  EXPECT_EQ(
      of({}).at("sentence"),
      "changed: mean ΔE 3.00; an older version scored it and cannot tell how; mean colour equal "
      "within ΔE 0.5");
  EXPECT_EQ(of({{"difference.max_abs", 1}}).at("kinds"), json({"none"}));
  EXPECT_EQ(of({{"pattern.shift_share", 0.51}, {"pattern.shift_x", 1}}).at("kinds"),
            json({"displaced"}));
  EXPECT_EQ(of({{"pattern.shift_share", 0.49}}).at("kinds"), json({"changed"}));
  EXPECT_EQ(of({{"pattern.level_ratio", 0.6}}).at("kinds"), json({"posterised"}));
  EXPECT_EQ(of({{"pattern.area_share", 0.1}, {"pattern.area_detail_share", 0.1}}).at("kinds"),
            json({"local damage"}));
  // What it called detail lost, on photographs often wrongly.
  EXPECT_EQ(
      of({{"detail.high_frequency_ratio", 0.5}, {"pattern.detail_correlation", -0.9}}).at("kinds"),
      json({"changed"}));
}

}  // namespace
}  // namespace sameseed
