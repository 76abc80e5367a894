// Values of a pair as the scorer writes them, and the damage that the rules see in them.
#pragma once

#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

#include "reports/summary/damage.h"

namespace sameseed {

using nlohmann::json;

// Of scores as in scores.jsonl.
inline json damage_in(const json& scores) {
  const PairScores read = parse_pair_scores(scores);
  const auto damage =
      damage_of({.values = read.values, .places = read.places, .broken = read.broken});
  if (!damage) return nullptr;
  return {{"kinds", damage->kinds}, {"sentence", damage->sentence}};
}

// The values of two pictures that differ in nothing that has a name.
inline json changed_values() {
  return json::parse(R"({
    "difference.max_abs": 90, "detail.high_frequency_ratio": 1, "detail.mid_frequency_ratio": 1,
    "local.noise_sigma": 2, "color.delta_e_mean": 3, "color.delta_l": 0, "color.delta_a": 0.3,
    "color.delta_b": 0.4, "pattern.shift_share": 0, "pattern.shift_x": 0, "pattern.shift_y": 0,
    "pattern.color_share": 0.1, "pattern.cast_share": 0, "pattern.saturation_share": 0,
    "pattern.turn_share": 0, "pattern.chroma_ratio": 1, "pattern.hue_turn": 0,
    "pattern.level_ratio": 1, "pattern.detail_correlation": -0.7, "pattern.area_share": 0.5,
    "pattern.area_detail_share": 0.9, "difference.mean_abs": 3, "bands.gain_low": 1,
    "bands.gain_high": 1, "bands.coherence_low": 1, "bands.coherence_mid": 1,
    "bands.coherence_high": 1, "bands.rest_high": 0.1, "pattern.warp_share": 0.1,
    "pattern.warp_pixels": 0.2, "pattern.color_means_share": 0.1, "pattern.mapped_gain_high": 1,
    "pattern.mapped_noise": 0.1, "pattern.level_step": 1, "pattern.level_comb": 0,
    "pattern.area_together": 0.9, "pattern.area_outside": 0.1, "pattern.area_energy_low": 1,
    "pattern.area_correlation": 0.9, "pattern.area_roughness": 0.2, "blocks.compression": 0, "blocks.grid": 0,
    "blocks.pixel_share": 0, "blocks.pixel_side": 1, "marks.periodic_share": 0, "marks.period": 1,
    "marks.seam_ratio": 1, "marks.seam_levels": 0})");
}

// As a scorer had them that measured neither bands nor blocks.
inline json earlier_values(const json& changes) {
  json values = changed_values();
  for (auto one = values.begin(); one != values.end();)
    one = one.key().starts_with("bands.") ? values.erase(one) : std::next(one);
  if (!changes.empty()) values.update(changes);
  return values;
}

inline json damage_with(const json& changes) {
  json values = changed_values();
  if (!changes.empty()) values.update(changes);
  return damage_in(
      {{"values", values},
       {"places",
        {{"local.mse_tile_ratio", {{"x", 24}, {"y", 56}, {"width", 32}, {"height", 32}}}}}});
}

// Of high-frequency energy.
inline json lost(double kept) {
  return {{"detail.high_frequency_ratio", kept},
          {"bands.gain_high", std::sqrt(kept)},
          {"pattern.mapped_gain_high", std::sqrt(kept)},
          {"pattern.detail_correlation", -0.95}};
}

}  // namespace sameseed
