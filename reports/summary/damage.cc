#include "reports/summary/damage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

namespace sameseed {
namespace {

constexpr double kRoundingLevels = 1;
constexpr double kExplains = 0.5, kExplainsNearlyAll = 0.7, kColourExplains = 0.3;
constexpr double kBands = 0.68;
constexpr double kSmallArea = 0.3, kLittleDetail = 0.6;
constexpr double kTakenAway = 0.25, kFasterLoss = 0.97;
constexpr double kAllTakenAway = 0.9, kHardlyAnyLeft = 0.3;
constexpr double kOfItsOwn = 0.45;
constexpr double kHardlySeen = 0.5;  // mean CIEDE2000
constexpr double kNoiseLevels = 0.25, kNoiseBesideColour = 1;

struct Numbers {
  const std::map<std::string, double>& values;
  double operator()(const char* name) const { return values.at(name); }
};

bool has_all(const std::map<std::string, double>& values) {
  for (const char* name : {"difference.max_abs",
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
                           "pattern.area_detail_share"})
    if (const auto found = values.find(name);
        found == values.end() || !std::isfinite(found->second))
      return false;
  return true;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string where(const DamageEvidence& scores, const char* quantity) {
  const auto found = scores.places.find(quantity);
  if (found == scores.places.end()) return "";
  const PicturePlace& place = found->second;
  return fmt::format("x {} y {}", place.x + place.width / 2, place.y + place.height / 2);
}

std::string worst_around(const DamageEvidence& scores) {
  const std::string place = where(scores, "local.mse_tile_ratio");
  return place.empty() ? "" : ", worst around " + place;
}

std::string colours_kept(const Numbers& n) {
  const double l = n("color.delta_l"), a = n("color.delta_a"), b = n("color.delta_b");
  return fmt::format("; mean colour equal within ΔE {:.1f}",
                     std::max(0.1, std::sqrt(l * l + a * a + b * b)));
}

std::string detail_lost(const Numbers& n, const DamageEvidence& scores) {
  return fmt::format("detail lost: {:.0f} % of high-frequency energy{}",
                     100 * std::max(0.0, 1 - n("detail.high_frequency_ratio")),
                     worst_around(scores));
}

std::string noise_added(const Numbers& n, const DamageEvidence& scores) {
  return fmt::format("noise added: {:.1f} levels, high-frequency energy times {:.2f}{}",
                     n("local.noise_sigma"), n("detail.high_frequency_ratio"),
                     worst_around(scores));
}

std::string colours_shifted(const Numbers& n) {
  const double cast = n("pattern.cast_share"), saturation = n("pattern.saturation_share"),
               turn = n("pattern.turn_share"), best = std::max({cast, saturation, turn});
  const double l = n("color.delta_l"), a = n("color.delta_a"), b = n("color.delta_b");
  std::string how;
  if (std::abs(l) > 2 * std::hypot(a, b) && best < kExplainsNearlyAll)
    how = l > 0 ? "lighter" : "darker";
  else if (best < kExplains)
    how = "each colour another way";
  else if (cast > std::max(saturation, turn))
    how = "a cast";
  else if (saturation >= turn)
    how = n("pattern.chroma_ratio") < 1
              ? fmt::format("desaturated by {:.0f} %", 100 * (1 - n("pattern.chroma_ratio")))
              : fmt::format("more saturated by {:.0f} %", 100 * (n("pattern.chroma_ratio") - 1));
  else
    how = fmt::format("hue turned by {:.0f} degrees", n("pattern.hue_turn"));
  return fmt::format("colours shifted: {}, mean ΔE {:.1f} (ΔL {:+.1f}, Δa {:+.1f}, Δb {:+.1f})",
                     how, n("color.delta_e_mean"), l, a, b);
}

Damage result(std::vector<std::string> kinds, std::string sentence) {
  return {.kinds = std::move(kinds), .sentence = std::move(sentence)};
}

std::optional<Damage> broken(const DamageEvidence& scores) {
  std::string text;
  for (const char* side : {"candidate", "reference"})
    if (const auto ways = scores.broken.find(side);
        ways != scores.broken.end() && !ways->second.empty())
      text += fmt::format("{}the {} is broken: {}", text.empty() ? "" : "; ", side,
                          joined(ways->second));
  if (text.empty()) return std::nullopt;
  return result({"broken"}, text);
}

}  // namespace

std::optional<Damage> damage_of(const DamageEvidence& scores) {
  if (const auto found = broken(scores)) return *found;
  if (!has_all(scores.values)) return std::nullopt;
  const Numbers n{scores.values};
  if (n("difference.max_abs") == 0) return result({"none"}, "no damage: the pictures are equal");
  if (n("difference.max_abs") <= kRoundingLevels)
    return result({"none"}, "no damage: no level differs by more than 1");
  if (n("pattern.shift_share") >= kExplains)
    return result({"displaced"},
                  fmt::format("displaced by x {:+.0f} y {:+.0f}{}", n("pattern.shift_x"),
                              n("pattern.shift_y"), colours_kept(n)));
  if (n("pattern.level_ratio") <= kBands)
    return result({"posterised"},
                  fmt::format("posterised: {:.0f} % of the levels lost their neighbours",
                              100 * (1 - n("pattern.level_ratio"))));
  if (n("pattern.area_share") <= kSmallArea && n("pattern.area_detail_share") < kLittleDetail &&
      n("pattern.color_share") < kExplainsNearlyAll)
    return result(
        {"local damage"},
        fmt::format("local damage: 95 % of the error on {:.1f} % of the picture, around {}",
                    100 * n("pattern.area_share"), where(scores, "pattern.area_share")));
  std::vector<std::string> kinds, phrases;
  const double correlation = n("pattern.detail_correlation"),
               high = n("detail.high_frequency_ratio"), middle = n("detail.mid_frequency_ratio");
  const bool lost = correlation <= -kTakenAway && high < kFasterLoss * std::min(1.0, middle);
  // Where all texture went, colours that were left of it are its means: no shift of colours.
  const bool flattened =
      lost && correlation <= -kAllTakenAway && high < kHardlyAnyLeft && high < middle / 2;
  if (n("pattern.color_share") >= kColourExplains && !flattened) {
    kinds.push_back("colour shift");
    phrases.push_back(colours_shifted(n));
  }
  if (lost) {
    kinds.push_back("lost detail");
    phrases.push_back(detail_lost(n, scores));
  }
  if (!lost && std::abs(correlation) < kOfItsOwn &&
      n("local.noise_sigma") >= (kinds.empty() ? kNoiseLevels : kNoiseBesideColour)) {
    kinds.push_back("added noise");
    phrases.push_back(noise_added(n, scores));
  }
  if (kinds.empty()) {
    kinds.push_back("changed");
    phrases.push_back(fmt::format(
        "{}: mean ΔE {:.2f}{}",
        n("color.delta_e_mean") < kHardlySeen ? "changed, hardly to be seen" : "changed",
        n("color.delta_e_mean"), worst_around(scores)));
  }
  std::string sentence;
  for (const std::string& phrase : phrases) sentence += (sentence.empty() ? "" : "; ") + phrase;
  if (kinds.front() != "colour shift") sentence += colours_kept(n);
  return result(std::move(kinds), std::move(sentence));
}

}  // namespace sameseed
