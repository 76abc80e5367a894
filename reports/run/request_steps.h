// How many steps a planned request makes.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

namespace sameseed {

// Lists of a request's own go before its number of steps; sigmas have one level more. Nothing where
// it does not say.
inline std::optional<double> steps_of(const nlohmann::json& request) {
  if (const auto list = request.find("timesteps"); list != request.end() && list->is_array())
    return static_cast<double>(list->size());
  if (const auto list = request.find("sigmas"); list != request.end() && list->is_array())
    return static_cast<double>(list->size()) - 1;
  const auto steps = request.find("steps");
  if (steps == request.end() || !steps->is_number()) return std::nullopt;
  return steps->get<double>();
}

}  // namespace sameseed
