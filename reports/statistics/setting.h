// A combination of the axes' values.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace sameseed {

using AxisValue = nlohmann::json;  // null, a text, a number, a truth value, or what load.lora holds
using Setting = std::map<std::string, AxisValue>;  // axis -> value

struct SweepAxis {
  std::string name;  // "candidate.env.X"
  std::vector<AxisValue> values;
};

// "candidate.env.X" -> "env.X"
inline std::string without_arm(const std::string& axis) { return axis.substr(axis.find('.') + 1); }

// "env.X" -> {"env", "X"}
inline std::pair<std::string, std::string> kind_and_name(const std::string& axis_without_arm) {
  return {axis_without_arm.substr(0, axis_without_arm.find('.')), without_arm(axis_without_arm)};
}

}  // namespace sameseed
