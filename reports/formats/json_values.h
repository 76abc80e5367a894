// How numbers, lists and maps of a summary become JSON.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "reports/statistics/estimate.h"

namespace sameseed {

// A number, or null with its word in `nonfinite`.
inline void put_number(nlohmann::json& object, const char* name, double value) {
  object[name] = std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
  if (!std::isfinite(value))
    object["nonfinite"][name] = std::isnan(value) ? "nan" : value > 0 ? "+inf" : "-inf";
}

inline nlohmann::json finite_or_null(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}
inline nlohmann::json or_null(const std::optional<double>& value) {
  return value ? finite_or_null(*value) : nlohmann::json();
}

// Null where there is none.
template <typename Number>
nlohmann::json value_or_null(const std::optional<Number>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

inline nlohmann::json interval_json(const std::optional<Interval>& interval) {
  if (!interval) return nullptr;
  nlohmann::json ends = nlohmann::json::object();
  put_number(ends, "low", interval->low);
  put_number(ends, "high", interval->high);
  return ends;
}

template <typename List, typename Write>
nlohmann::json list_json(const List& list, Write write) {
  nlohmann::json entries = nlohmann::json::array();
  for (const auto& one : list) entries.push_back(write(one));
  return entries;
}

template <typename Map, typename Write>
nlohmann::json map_json(const Map& map, Write write) {
  nlohmann::json entries = nlohmann::json::object();
  for (const auto& [name, one] : map) entries[name] = write(one);
  return entries;
}

}  // namespace sameseed
