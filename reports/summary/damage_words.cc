#include "reports/summary/damage_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "reports/summary/damage_rules.h"

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

bool has_everywhere(const Pairs& pairs, const char* name) {
  return std::ranges::all_of(pairs, [&](const auto* pair) { return pair->values.contains(name); });
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

// Where the power did not fall, something else took the detail's place: the part of it that is left
// is the coherent one.
std::string detail_lost(const Pairs& pairs) {
  const auto lost = [](const DamageEvidence& pair) {
    const auto kept = pair.values.find("bands.gain_high");
    const double power = value(pair, "detail.high_frequency_ratio"),
                 own = kept == pair.values.end() ? power : std::max(0.0, kept->second);
    return 100 * std::max(0.0, 1 - std::min(power, own * own));
  };
  return fmt::format("detail lost: {} % of high-frequency energy{}", range(pairs, 0, lost),
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

// "+2", or "+0.5" where it is by parts of a pixel.
std::string step(double pixels) {
  constexpr double kNearlyWhole = 0.06;
  const bool whole = std::abs(pixels - std::round(pixels)) <= kNearlyWhole;
  return fmt::format("{:+.{}f}", (whole ? std::round(pixels) : pixels) + 0.0, whole ? 0 : 1);
}

bool moved_as_a_whole(const DamageEvidence& pair) {
  return value(pair, "pattern.shift_share") >= kExplainsHalf;
}

std::string displaced(const Pairs& pairs) {
  if (!std::ranges::all_of(pairs, [](const auto* pair) { return moved_as_a_whole(*pair); })) {
    if (!has_everywhere(pairs, "pattern.warp_pixels")) return "displaced" + colours_kept(pairs);
    return fmt::format("displaced: each place by its own step, mostly {} pixels{}{}",
                       range(pairs, 1, named("pattern.warp_pixels")), worst_around(pairs),
                       colours_kept(pairs));
  }
  const Of x = named("pattern.shift_x"), y = named("pattern.shift_y");
  if (step(largest(pairs, x)) != step(smallest(pairs, x)) ||
      step(largest(pairs, y)) != step(smallest(pairs, y)))
    return "displaced, each picture by another step" + colours_kept(pairs);
  return fmt::format("displaced by x {} y {}{}", step(largest(pairs, x)), step(largest(pairs, y)),
                     colours_kept(pairs));
}

std::string share_of_picture(const Pairs& pairs) {
  return range(pairs, 1,
               [](const DamageEvidence& pair) { return 100 * value(pair, "pattern.area_share"); });
}

std::string redrawn_locally(const Pairs& pairs) {
  const std::string where = place(pairs, "pattern.area_share");
  return fmt::format("redrawn locally: something else is shown on {} % of the picture{}",
                     share_of_picture(pairs), where.empty() ? "" : ", around " + where);
}

std::string pixelated(const Pairs& pairs) {
  const std::string side = range(pairs, 0, named("blocks.pixel_side"));
  return fmt::format("pixelated: squares of {} pixels a side", side);
}

// Steps at the borders of blocks that are no larger than others cannot be seen.
std::string block_artefacts(const Pairs& pairs) {
  constexpr double kSeen = 0.1;
  const Of grid = named("blocks.grid");
  if (smallest(pairs, grid) < kSeen)
    return "block artefacts: squares of 8 x 8 pixels as JPEG compression leaves them" +
           worst_around(pairs);
  return fmt::format(
      "block artefacts: squares of 8 x 8 pixels as JPEG compression leaves them, steps at their "
      "borders {} % larger than elsewhere{}",
      range(pairs, 0, [&](const DamageEvidence& pair) { return 100 * grid(pair); }),
      worst_around(pairs));
}

std::string sharpened(const Pairs& pairs) {
  return fmt::format(
      "sharpened: fine edges {} % stronger{}",
      range(pairs, 0,
            [](const DamageEvidence& pair) { return 100 * (value(pair, "bands.gain_high") - 1); }),
      worst_around(pairs));
}

std::string seams(const Pairs& pairs) {
  const std::string levels = range(pairs, 1, named("marks.seam_levels"));
  const auto found = pairs.front()->places.find("marks.seam_ratio");
  if (pairs.size() > 1 || found == pairs.front()->places.end())
    return fmt::format("seams: colours step by {} levels along a straight line", levels);
  const PicturePlace& line = found->second;
  return line.height > line.width
             ? fmt::format(
                   "seams: colours step by {} levels along a line from top to bottom at x {}",
                   levels, line.x + line.width / 2)
             : fmt::format(
                   "seams: colours step by {} levels along a line from left to right at y {}",
                   levels, line.y + line.height / 2);
}

std::string checkerboard(const Pairs& pairs) {
  return fmt::format("checkerboard: a pattern that repeats every {} pixels{}",
                     range(pairs, 0, named("marks.period")), worst_around(pairs));
}

std::string another_picture(const Pairs& pairs) {
  return fmt::format("another picture: its shapes lie elsewhere, mean ΔE {}",
                     range(pairs, 1, named("color.delta_e_mean")));
}

std::string posterised(const Pairs& pairs) {
  constexpr double kLevelsWithoutNeighbour = 0.68;
  const Of kept = named("pattern.level_ratio");
  if (largest(pairs, kept) > kLevelsWithoutNeighbour)
    return "posterised: brightness lies in bands" + worst_around(pairs);
  return fmt::format(
      "posterised: {} % of the levels lost their neighbours",
      range(pairs, 0, [&](const DamageEvidence& pair) { return 100 * (1 - kept(pair)); }));
}

std::string locally_damaged(const Pairs& pairs) {
  const std::string where = place(pairs, "pattern.area_share");
  return fmt::format("local damage: 95 % of the error on {} % of the picture{}",
                     share_of_picture(pairs), where.empty() ? "" : ", around " + where);
}

std::string changed(const Pairs& pairs) {
  const Of difference = named("color.delta_e_mean");
  return fmt::format(
             "{}: mean ΔE {}{}",
             largest(pairs, difference) < kHardlySeen ? "changed, hardly to be seen" : "changed",
             range(pairs, 2, difference), worst_around(pairs)) +
         (std::ranges::any_of(pairs, [](const auto* pair) { return scored_before_bands(*pair); })
              ? "; an older version scored it and cannot tell how"
              : "");
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
  using Phrase = std::string (*)(const Pairs&);
  static const std::map<std::string, Phrase> phrases = {
      {"broken", broken},
      {"displaced", displaced},
      {"redrawn locally", redrawn_locally},
      {"local damage", locally_damaged},
      {"pixelated", pixelated},
      {"checkerboard", checkerboard},
      {"another picture", another_picture},
      {"posterised", posterised},
      {"block artefacts", block_artefacts},
      {"sharpened", sharpened},
      {"seams", seams},
      {"colour shift", colours_shifted},
      {"lost detail", detail_lost},
      {"added noise", noise_added},
  };
  const auto found = phrases.find(kind);
  return found == phrases.end() ? changed(pairs) : found->second(pairs);
}

}  // namespace

std::string damage_sentence(const std::vector<std::string>& kinds, const Pairs& pairs) {
  if (kinds.front() == "none")
    return largest(pairs, named("difference.max_abs")) == 0
               ? "no damage: the pictures are equal"
               : "no damage: no level differs by more than 1";
  std::string sentence;
  for (const std::string& kind : kinds)
    sentence += (sentence.empty() ? "" : "; ") + phrase(kind, pairs);
  constexpr const char* kKeepColours[] = {"lost detail", "added noise",  "block artefacts",
                                          "sharpened",   "checkerboard", "pixelated",
                                          "changed"};
  return std::ranges::find(kKeepColours, kinds.front()) == std::end(kKeepColours)
             ? sentence
             : sentence + colours_kept(pairs);
}

}  // namespace sameseed
