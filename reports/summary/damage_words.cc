#include "reports/summary/damage_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

namespace sameseed {
namespace {

constexpr double kExplainsHalf = 0.5, kExplainsMost = 0.7;
constexpr double kHardlySeen = 0.5;  // mean CIEDE2000
constexpr double kMoreEnergy = 1.005;

using Pairs = std::vector<const DamageEvidence*>;
using Of = std::function<double(const DamageEvidence&)>;

double value(const DamageEvidence& pair, const char* name) { return pair.values.at(name); }

Of named(const char* name) {
  return [name](const DamageEvidence& pair) { return value(pair, name); };
}

double mean_size(const Pairs& pairs, const char* name) {
  double sum = 0;
  for (const DamageEvidence* pair : pairs) sum += std::abs(value(*pair, name));
  return sum / static_cast<double>(pairs.size());
}

double largest(const Pairs& pairs, const Of& of) {
  double most = of(*pairs.front());
  for (const DamageEvidence* pair : pairs) most = std::max(most, of(*pair));
  return most;
}

double smallest(const Pairs& pairs, const Of& of) {
  return -largest(pairs, [&](const DamageEvidence& pair) { return -of(pair); });
}

// "38", "26 to 41"
std::string range(const Pairs& pairs, int digits, const Of& of) {
  const std::string low = fmt::format("{:.{}f}", smallest(pairs, of), digits),
                    high = fmt::format("{:.{}f}", largest(pairs, of), digits);
  return low == high ? low : low + " to " + high;
}

// Of one pair alone; empty where there are more, or none is known.
std::string place(const Pairs& pairs, const char* quantity) {
  if (pairs.size() > 1) return "";
  const auto found = pairs.front()->places.find(quantity);
  if (found == pairs.front()->places.end()) return "";
  const PicturePlace& where = found->second;
  return fmt::format("x {} y {}", where.x + where.width / 2, where.y + where.height / 2);
}

std::string worst_around(const Pairs& pairs) {
  const std::string where = place(pairs, "local.mse_tile_ratio");
  return where.empty() ? "" : ", worst around " + where;
}

std::string colours_kept(const Pairs& pairs) {
  const double most = largest(pairs, [](const DamageEvidence& pair) {
    return std::hypot(value(pair, "color.delta_l"), value(pair, "color.delta_a"),
                      value(pair, "color.delta_b"));
  });
  return fmt::format("; mean colour equal within ΔE {:.1f}", std::max(0.1, most));
}

std::string detail_lost(const Pairs& pairs) {
  return fmt::format("detail lost: {} % of high-frequency energy{}",
                     range(pairs, 0,
                           [](const DamageEvidence& pair) {
                             return 100 *
                                    std::max(0.0, 1 - value(pair, "detail.high_frequency_ratio"));
                           }),
                     worst_around(pairs));
}

// Noise that takes the place of detail brings no energy: nothing is said of it then.
std::string noise_added(const Pairs& pairs) {
  const Of energy = named("detail.high_frequency_ratio");
  return fmt::format("noise added: {} levels{}{}", range(pairs, 1, named("local.noise_sigma")),
                     smallest(pairs, energy) >= kMoreEnergy
                         ? ", high-frequency energy times " + range(pairs, 2, energy)
                         : "",
                     worst_around(pairs));
}

// Which way the colours of one pair went: a word that begins its phrase.
std::string way_of(const DamageEvidence& pair) {
  const double cast = value(pair, "pattern.cast_share"),
               saturation = value(pair, "pattern.saturation_share"),
               turn = value(pair, "pattern.turn_share"), best = std::max({cast, saturation, turn}),
               l = value(pair, "color.delta_l"), chroma = value(pair, "pattern.chroma_ratio");
  if (std::abs(l) > 2 * std::hypot(value(pair, "color.delta_a"), value(pair, "color.delta_b")) &&
      best < kExplainsMost)
    return l > 0 ? "lighter" : "darker";
  if (best < kExplainsHalf) return "each colour another way";
  if (cast > std::max(saturation, turn)) return "a cast";
  if (saturation < turn) return "hue turned";
  // Without colours the ratio is 0, give or take some noise.
  return chroma < -0.25 ? "turned into their opposites"
         : chroma < 1   ? "desaturated"
                        : "more saturated";
}

std::string ways_of(const Pairs& pairs) {
  std::set<std::string> ways;
  for (const DamageEvidence* pair : pairs) ways.insert(way_of(*pair));
  if (ways.size() > 1) return "each picture another way";
  const std::string way = *ways.begin();
  if (way == "hue turned")
    return fmt::format("hue turned by {} degrees", range(pairs, 0, named("pattern.hue_turn")));
  if (way != "desaturated" && way != "more saturated") return way;
  return fmt::format("{} by {} %", way, range(pairs, 0, [](const DamageEvidence& pair) {
                       return 100 * std::abs(1 - value(pair, "pattern.chroma_ratio"));
                     }));
}

std::string colours_shifted(const Pairs& pairs) {
  std::string shifts;
  for (const auto& [name, word] :
       {std::pair("color.delta_l", "ΔL"), {"color.delta_a", "Δa"}, {"color.delta_b", "Δb"}})
    shifts += (shifts.empty() ? "" : ", ") +
              (pairs.size() == 1 ? fmt::format("{} {:+.1f}", word, value(*pairs.front(), name))
                                 : fmt::format("|{}| {:.1f}", word, mean_size(pairs, name)));
  return fmt::format("colours shifted: {}, mean ΔE {:.1f} ({})", ways_of(pairs),
                     mean_size(pairs, "color.delta_e_mean"), shifts);
}

std::string displaced(const Pairs& pairs) {
  const Of x = named("pattern.shift_x"), y = named("pattern.shift_y");
  if (largest(pairs, x) != smallest(pairs, x) || largest(pairs, y) != smallest(pairs, y))
    return "displaced, each picture by another step" + colours_kept(pairs);
  return fmt::format("displaced by x {:+.0f} y {:+.0f}{}", largest(pairs, x), largest(pairs, y),
                     colours_kept(pairs));
}

std::string locally_damaged(const Pairs& pairs) {
  const std::string where = place(pairs, "pattern.area_share");
  return fmt::format(
      "local damage: 95 % of the error on {} % of the picture{}",
      range(pairs, 1,
            [](const DamageEvidence& pair) { return 100 * value(pair, "pattern.area_share"); }),
      where.empty() ? "" : ", around " + where);
}

std::string changed(const Pairs& pairs) {
  const Of difference = named("color.delta_e_mean");
  return fmt::format(
      "{}: mean ΔE {}{}",
      largest(pairs, difference) < kHardlySeen ? "changed, hardly to be seen" : "changed",
      range(pairs, 2, difference), worst_around(pairs));
}

std::string broken(const Pairs& pairs) {
  std::string text;
  for (const char* side : {"candidate", "reference"}) {
    std::vector<std::string> ways;  // each once
    for (const DamageEvidence* pair : pairs)
      if (const auto found = pair->broken.find(side); found != pair->broken.end())
        for (const std::string& way : found->second)
          if (std::ranges::find(ways, way) == ways.end()) ways.push_back(way);
    if (ways.empty()) continue;
    text += fmt::format("{}the {} is broken: ", text.empty() ? "" : "; ", side);
    for (std::size_t i = 0; i < ways.size(); ++i) text += (i == 0 ? "" : ", ") + ways[i];
  }
  return text;
}

std::string phrase(const std::string& kind, const Pairs& pairs) {
  if (kind == "colour shift") return colours_shifted(pairs);
  if (kind == "lost detail") return detail_lost(pairs);
  return kind == "added noise" ? noise_added(pairs) : changed(pairs);
}

}  // namespace

std::string damage_sentence(const std::vector<std::string>& kinds, const Pairs& pairs) {
  const std::string& first = kinds.front();
  if (first == "broken") return broken(pairs);
  if (first == "none")
    return largest(pairs, named("difference.max_abs")) == 0
               ? "no damage: the pictures are equal"
               : "no damage: no level differs by more than 1";
  if (first == "displaced") return displaced(pairs);
  if (first == "posterised")
    return fmt::format("posterised: {} % of the levels lost their neighbours",
                       range(pairs, 0, [](const DamageEvidence& pair) {
                         return 100 * (1 - value(pair, "pattern.level_ratio"));
                       }));
  if (first == "local damage") return locally_damaged(pairs);
  std::string sentence;
  for (const std::string& kind : kinds)
    sentence += (sentence.empty() ? "" : "; ") + phrase(kind, pairs);
  return first == "colour shift" ? sentence : sentence + colours_kept(pairs);
}

}  // namespace sameseed
