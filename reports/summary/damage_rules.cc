#include "reports/summary/damage_rules.h"

#include <algorithm>
#include <cmath>

namespace sameseed {
namespace {

// Where a number is measured, it is that of tests/damage/confusion.py on the photographs to tune
// on; "others" are all other families that reach the rule.
using Kinds = std::vector<std::string>;

constexpr double kRoundingLevels = 1;

// Shifts explain 0.87 and more, also by parts of a pixel; others at most 0.46.
constexpr double kShifted = 0.65;

// A patch: at most 0.12 of the picture, 0.37 and more of its blocks' neighbours belong to it, and
// beyond it the error is at most 0.0002 of that within. Scattered dots have neighbours by chance
// alone, as many as their share of the picture; blur of the only sharp thing leaves 0.0008
// elsewhere.
constexpr double kSmallArea = 0.3, kTogether = 0.35, kNothingElsewhere = 0.0005;
// Beside a difference everywhere: a smaller area, that is not where detail is anyway.
constexpr double kPatchNotColour = 0.7;
constexpr double kSmallerArea = 0.15, kLittleDetail = 0.35, kLittleElsewhere = 0.02;
// Another colour in a patch leaves its lumas correlated at 0.92 and more, a blurred one at 0.38,
// other content at 0.5 at most, moved features up to 0.8. One colour leaves a quarter of the
// patch's blocks without gradients (0), blur a tenth of them (0.09). Noise is as rough as can be
// (1; over other errors 0.47, with 6 times the gradients), content up to 0.69.
constexpr double kOtherContent = 0.87, kFewGradients = 0.08;
constexpr double kNothingInCommon = 0.3, kHardlyAnyGradients = 0.01;
constexpr double kRoughAsNoise = 0.7, kRough = 0.4, kManyGradients = 5;

// Pixelated pictures have 0.93 and more of their steps on the grid, others at most 0.39.
constexpr double kOnPixelGrid = 0.85;
// Checkerboards 0.33 and more (where levels are clipped; else 0.9), others at most 0.2.
constexpr double kRepeats = 0.27;
// JPEG of quality 75 to 5 has 0.22 and more; others at most 0.13.
constexpr double kCompressed = 0.16;

// Of another picture at most 0.6 and 0.21 (mirrored ones have most); pictures that blur left no
// middle frequencies of have no coherence to speak of either, nor have strong warps.
constexpr double kLowAgrees = 0.62, kMiddleAgrees = 0.3;
constexpr double kNoMiddle = 0.05, kAllTakenAway = 0.9, kBlurKeeps = 0.3;
constexpr double kWarpExplainsMost = 0.62;

// Posterised: 0 to 0.6 of the levels that had a neighbour keep one, in steps that explain how large
// the difference is: half a step at most, and noise on such levels (few photons) more. Bands of
// luma leave a comb of 0.5 and more in its histogram, others at most 0.24.
constexpr double kBands = 0.68, kWithinStep = 0.75, kComb = 0.45;
constexpr double kBandsNotColour = 0.6;
// Below this the middle of a strong noise could look like bands.
constexpr double kBandsKeepDetail = 0.4;

// One mapping of colours: of means of 8 x 8 it explains 0.86 and more of a colour shift, 0.77
// beside blur. Blur shrinks colours towards their mean and has up to 0.45: it keeps the mean,
// though, and not the middle frequencies.
constexpr double kMeansExplained = 0.6, kMeansExplainedWell = 0.75;
constexpr double kColourExplains = 0.3, kColourExplainsNearlyAll = 0.85, kColourExplainsSome = 0.2;
constexpr double kMiddleKept = 0.95, kMiddleThere = 0.5, kMeanMoved = 2;  // the last: CIELAB
// Beside a mapping: pure shifts of colour keep 0.92 of the mapped detail; blur leaves 0.7 or less.
constexpr double kMappedDetailKept = 0.85;
constexpr double kNoiseBesideColour = 1;  // levels; pure shifts nearly all below 0.3, noise 5: 3

// Sharpened: 1.26 and more of the mapped detail, coherent at 0.96.
constexpr double kSharper = 1.1, kSameDetail = 0.8;

// Seams: 13 times an ordinary line and more. Sharpening and bands reach that; but beside a seam the
// picture is what it was: coherence of 0.97 and more and hardly any noise.
constexpr double kSeam = 9, kSeamKeepsDetail = 0.95, kSeamOverNoise = 1.5, kLeastNoise = 0.2;

// Warps: local steps explain 0.45 and more, where the steps change faster 0.19, with the detail's
// power kept (0.65 by cubic interpolation, less by linear one; the fast ones 0.87) and out of
// place. Of blur they explain up to 0.55, and its power is gone.
constexpr double kWarpExplains = 0.45, kWarpExplainsSome = 0.18;
constexpr double kPowerKept = 0.75, kSomePowerKept = 0.5, kLittlePowerKept = 0.25;
constexpr double kOutOfPlace = 0.75;

// Blur of 0.6 pixels keeps 0.83 of high frequencies, JPEG 2000 up to 0.9; noise and seams 0.97.
constexpr double kLost = 0.95, kTakenAway = 0.25;

constexpr double kNoiseLevels = 0.25;  // a quarter of a level: less is rounding
constexpr double kOfItsOwn = 0.45;

class Numbers {
 public:
  explicit Numbers(const std::map<std::string, double>& values) : values_(values) {}
  double operator()(const char* name) const { return values_.at(name); }
  // Of a measurement that small pictures go without.
  double or_else(const char* name, double otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() || !std::isfinite(found->second) ? otherwise : found->second;
  }

 private:
  const std::map<std::string, double>& values_;
};

bool has(const std::map<std::string, double>& values, std::initializer_list<const char*> names) {
  return std::ranges::all_of(names, [&](const char* name) {
    const auto found = values.find(name);
    return found != values.end() && std::isfinite(found->second);
  });
}

// What every scorer that knew kinds of damage has measured.
bool has_first_values(const std::map<std::string, double>& values) {
  return has(values, {"difference.max_abs",
                      "detail.high_frequency_ratio",
                      "detail.mid_frequency_ratio",
                      "local.noise_sigma",
                      "color.delta_e_mean",
                      "color.delta_l",
                      "color.delta_a",
                      "color.delta_b",
                      "pattern.shift_share",
                      "pattern.shift_x",
                      "pattern.shift_y",
                      "pattern.color_share",
                      "pattern.cast_share",
                      "pattern.saturation_share",
                      "pattern.turn_share",
                      "pattern.chroma_ratio",
                      "pattern.hue_turn",
                      "pattern.level_ratio",
                      "pattern.detail_correlation",
                      "pattern.area_share",
                      "pattern.area_detail_share"});
}

bool has_later_values(const std::map<std::string, double>& values) {
  return has(values, {"difference.mean_abs", "bands.gain_low", "bands.gain_high",
                      "bands.coherence_low", "bands.coherence_mid", "bands.coherence_high",
                      "bands.rest_high", "pattern.warp_share", "pattern.color_means_share",
                      "pattern.mapped_gain_high", "pattern.mapped_noise", "pattern.level_step",
                      "pattern.level_comb", "pattern.area_together", "pattern.area_outside",
                      "pattern.area_energy_low", "pattern.area_correlation"});
}

double mean_shift(const Numbers& n) {
  return std::hypot(n("color.delta_l"), n("color.delta_a"), n("color.delta_b"));
}

// How much of the low frequencies is there, at most all: what detail is measured by, so that less
// contrast is no loss of detail.
double low_gain(const Numbers& n) { return std::min(1.0, n("bands.gain_low")); }

bool in_one_place(const Numbers& n) {
  const double share = n("pattern.area_share"), outside = n("pattern.area_outside");
  return share <= kSmallArea && n("pattern.area_together") >= kTogether &&
         n("pattern.color_share") < kPatchNotColour &&
         (outside <= kNothingElsewhere ||
          (share <= kSmallerArea && n("pattern.area_detail_share") < kLittleDetail &&
           outside <= kLittleElsewhere));
}

bool redrawn(const Numbers& n) {
  const double gradients = n("pattern.area_energy_low"), alike = n("pattern.area_correlation"),
               roughness = n("pattern.area_roughness");
  if (roughness >= kRoughAsNoise || (roughness >= kRough && gradients >= kManyGradients))
    return false;
  return (gradients >= kFewGradients && alike < kOtherContent) ||
         (gradients >= kHardlyAnyGradients && alike < kNothingInCommon);
}

// A negative agrees with its picture as well, the other way round.
bool another_picture(const Numbers& n) {
  const bool blurred_away = std::abs(n("bands.coherence_low")) >= kBlurKeeps &&
                            n("detail.mid_frequency_ratio") < kNoMiddle &&
                            n("pattern.detail_correlation") <= -kAllTakenAway;
  return std::abs(n("bands.coherence_low")) < kLowAgrees &&
         std::abs(n("bands.coherence_mid")) < kMiddleAgrees &&
         n("pattern.warp_share") < kWarpExplainsMost && !blurred_away;
}

bool posterised(const Numbers& n) {
  const bool levels = n("pattern.level_ratio") <= kBands &&
                      n("difference.mean_abs") <= kWithinStep * n("pattern.level_step");
  return levels ||
         (n("pattern.level_comb") >= kComb && n("pattern.color_share") < kBandsNotColour &&
          n("bands.coherence_high") > kBandsKeepDetail);
}

bool colour_shifted(const Numbers& n) {
  const double share = n("pattern.color_share"), means = n("pattern.color_means_share");
  if (means < kMeansExplained) return false;
  const double middle = std::abs(n("bands.coherence_mid"));
  return (share >= kColourExplainsNearlyAll && middle >= kMiddleThere) ||
         (share >= kColourExplains && middle >= kMiddleKept) ||
         (share >= kColourExplainsSome && means >= kMeansExplainedWell &&
          mean_shift(n) >= kMeanMoved);
}

bool sharpened(const Numbers& n) {
  return n("bands.gain_high") > kSharper * std::max(1.0, n("bands.gain_low")) &&
         n("bands.coherence_high") >= kSameDetail &&
         n("pattern.color_share") < kColourExplainsNearlyAll;
}

bool has_seams(const Numbers& n) {
  return n("pattern.color_share") < kColourExplainsNearlyAll &&
         n.or_else("marks.seam_ratio", 1) >= kSeam &&
         n("bands.coherence_high") >= kSeamKeepsDetail &&
         n.or_else("marks.seam_levels", 0) >=
             kSeamOverNoise * std::max(kLeastNoise, n("bands.rest_high"));
}

bool warped(const Numbers& n) {
  const double share = n("pattern.warp_share"), low = low_gain(n);
  const double power = n("detail.high_frequency_ratio") / std::max(1e-6, low * low);
  if (share >= kWarpExplainsMost && power >= kLittlePowerKept)
    return n("bands.gain_high") < kLost * low;
  return n("bands.gain_high") < kOutOfPlace * low &&
         ((share >= kWarpExplains && power >= kSomePowerKept) ||
          (share >= kWarpExplainsSome && power >= kPowerKept));
}

bool lost_detail(const Numbers& n) {
  return n("bands.gain_high") < kLost * low_gain(n) &&
         n("pattern.detail_correlation") <= -kTakenAway;
}

// What a shift of colours goes with.
Kinds beside_colour(const Numbers& n) {
  if (n("pattern.mapped_gain_high") < kMappedDetailKept &&
      n("bands.gain_high") < kLost * low_gain(n))
    return {"colour shift", "lost detail"};
  if (n("pattern.mapped_noise") >= kNoiseBesideColour) return {"colour shift", "added noise"};
  return {"colour shift"};
}

// Of scores that tell where blocks are and how bands agree.
Kinds kinds_by_bands(const Numbers& n) {
  if (n("pattern.shift_share") >= kShifted) return {"displaced"};
  if (in_one_place(n)) return {redrawn(n) ? "redrawn locally" : "local damage"};
  const bool colour = colour_shifted(n);
  if (n.or_else("blocks.pixel_share", 0) >= kOnPixelGrid)
    return colour && mean_shift(n) >= kMeanMoved ? Kinds{"colour shift", "pixelated"}
                                                 : Kinds{"pixelated"};
  if (n.or_else("marks.periodic_share", 0) >= kRepeats) return {"checkerboard"};
  const bool blocks = n.or_else("blocks.compression", 0) >= kCompressed;
  if (!blocks && another_picture(n)) return {"another picture"};
  if (!blocks && posterised(n)) return {"posterised"};
  if (blocks) return colour ? Kinds{"colour shift", "block artefacts"} : Kinds{"block artefacts"};
  if (sharpened(n)) return {"sharpened"};
  if (has_seams(n)) return {"seams"};
  if (!colour && warped(n)) return {"displaced"};
  if (colour) return beside_colour(n);
  if (lost_detail(n)) return {"lost detail"};
  if (n("bands.rest_high") >= kNoiseLevels && std::abs(n("pattern.detail_correlation")) < kOfItsOwn)
    return {"added noise"};
  return {"changed"};
}

// Of scores that lack those: only what needs no comparison of detail, which was told wrongly of
// photographs.
Kinds kinds_without_bands(const Numbers& n) {
  constexpr double kExplainsHalf = 0.5, kOldLittleDetail = 0.6, kExplainsNearlyAll = 0.7;
  if (n("pattern.shift_share") >= kExplainsHalf) return {"displaced"};
  if (n("pattern.level_ratio") <= kBands) return {"posterised"};
  if (n("pattern.area_share") <= kSmallArea && n("pattern.area_detail_share") < kOldLittleDetail &&
      n("pattern.color_share") < kExplainsNearlyAll)
    return {"local damage"};
  return {"changed"};
}

bool is_broken(const DamageEvidence& scores) {
  return std::ranges::any_of(scores.broken, [](const auto& side) { return !side.second.empty(); });
}

}  // namespace

bool scored_before_bands(const DamageEvidence& scores) { return !has_later_values(scores.values); }

std::vector<std::string> damage_kinds(const DamageEvidence& scores) {
  if (is_broken(scores)) return {"broken"};
  if (!has_first_values(scores.values)) return {};
  const Numbers n(scores.values);
  if (n("difference.max_abs") <= kRoundingLevels) return {"none"};
  return scored_before_bands(scores) ? kinds_without_bands(n) : kinds_by_bands(n);
}

}  // namespace sameseed
