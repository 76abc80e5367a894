#include "reports/summary/damage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/summary/damage_words.h"

namespace sameseed {
namespace {

constexpr double kRoundingLevels = 1;
constexpr double kExplains = 0.5, kExplainsNearlyAll = 0.7, kColourExplains = 0.3;
constexpr double kBands = 0.68;
constexpr double kSmallArea = 0.3, kLittleDetail = 0.6;
constexpr double kTakenAway = 0.25, kFasterLoss = 0.97;
constexpr double kAllTakenAway = 0.9, kHardlyAnyLeft = 0.3;
constexpr double kOfItsOwn = 0.45;
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

bool is_broken(const DamageEvidence& scores) {
  return std::ranges::any_of(scores.broken, [](const auto& side) { return !side.second.empty(); });
}

// By the rules of the header; empty where the scores lack a value that they need.
std::vector<std::string> kinds_of(const DamageEvidence& scores) {
  if (is_broken(scores)) return {"broken"};
  if (!has_all(scores.values)) return {};
  const Numbers n{scores.values};
  if (n("difference.max_abs") <= kRoundingLevels) return {"none"};
  if (n("pattern.shift_share") >= kExplains) return {"displaced"};
  if (n("pattern.level_ratio") <= kBands) return {"posterised"};
  if (n("pattern.area_share") <= kSmallArea && n("pattern.area_detail_share") < kLittleDetail &&
      n("pattern.color_share") < kExplainsNearlyAll)
    return {"local damage"};
  std::vector<std::string> kinds;
  const double correlation = n("pattern.detail_correlation"),
               high = n("detail.high_frequency_ratio"), middle = n("detail.mid_frequency_ratio");
  const bool lost = correlation <= -kTakenAway && high < kFasterLoss * std::min(1.0, middle);
  // Where all texture went, colours that were left of it are its means: no shift of colours.
  const bool flattened =
      lost && correlation <= -kAllTakenAway && high < kHardlyAnyLeft && high < middle / 2;
  if (n("pattern.color_share") >= kColourExplains && !flattened) kinds.push_back("colour shift");
  if (lost) kinds.push_back("lost detail");
  if (!lost && std::abs(correlation) < kOfItsOwn &&
      n("local.noise_sigma") >= (kinds.empty() ? kNoiseLevels : kNoiseBesideColour))
    kinds.push_back("added noise");
  if (kinds.empty()) kinds.push_back("changed");
  return kinds;
}

// Pairs of the same kinds.
struct Group {
  std::vector<std::string> kinds;
  std::vector<const DamageEvidence*> pairs;
};

// Broken pictures first, then by the number of pairs.
std::vector<Group> groups_of(const std::vector<DamageEvidence>& pairs) {
  std::vector<Group> groups;
  for (const DamageEvidence& pair : pairs) {
    std::vector<std::string> kinds = kinds_of(pair);
    if (kinds.empty()) continue;
    auto found = std::ranges::find(groups, kinds, &Group::kinds);
    if (found == groups.end())
      found = groups.insert(groups.end(), Group{.kinds = std::move(kinds), .pairs = {}});
    found->pairs.push_back(&pair);
  }
  const auto rank = [](const Group& group) {
    return std::pair(group.kinds.front() != "broken", -static_cast<long>(group.pairs.size()));
  };
  std::ranges::stable_sort(groups, {}, rank);
  return groups;
}

}  // namespace

std::optional<Damage> damage_of(const DamageEvidence& scores) {
  std::vector<std::string> kinds = kinds_of(scores);
  if (kinds.empty()) return std::nullopt;
  std::string sentence = damage_sentence(kinds, {&scores});
  return Damage{.kinds = std::move(kinds), .sentence = std::move(sentence)};
}

std::optional<Damage> damage_of(const std::vector<DamageEvidence>& pairs) {
  const std::vector<Group> groups = groups_of(pairs);
  if (groups.empty()) return std::nullopt;
  Damage damage;
  for (const Group& group : groups) {
    for (const std::string& kind : group.kinds)
      if (std::ranges::find(damage.kinds, kind) == damage.kinds.end()) damage.kinds.push_back(kind);
    damage.sentence += damage.sentence.empty()
                           ? fmt::format("{} of {} pairs: ", group.pairs.size(), pairs.size())
                           : fmt::format(", {}: ", group.pairs.size());
    damage.sentence += damage_sentence(group.kinds, group.pairs);
  }
  return damage;
}

}  // namespace sameseed
