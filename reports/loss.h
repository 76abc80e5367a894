// Scores as losses, so that floors, oracles and effects add up: 0 for identical images, larger is
// worse, whatever the metric's own scale.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

namespace sameseed {

// `metric` is one entry of the report's `metrics` (unit, better, identical). In dB: the mean
// squared error in levels^2 of 0 to 255 (0 for +inf); where higher is better: identical - value;
// where lower is: value - identical; "nearer": the distance from identical.
inline double loss_of(double value, const nlohmann::json& metric) {
  if (metric.at("unit") == "dB") return 255.0 * 255.0 * std::pow(10.0, -value / 10);
  const nlohmann::json stated = metric.value("identical", nlohmann::json());
  const double away = value - (stated.is_number() ? stated.get<double>() : 0.0);
  if (metric.at("better") == "nearer") return std::abs(away);
  return metric.at("better") == "higher" ? -away : away;
}

// What a loss is counted in.
inline std::string loss_unit(const nlohmann::json& metric) {
  return metric.at("unit") == "dB" ? "levels^2" : metric.at("unit").get<std::string>();
}

}  // namespace sameseed
