// Comparisons that are timed together, so that the blocks of each are spread over the others'.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sameseed {

// Whether a comparison of the plan is to be timed, where the matrix times any.
bool is_timed(const nlohmann::json& comparison);

// Case -> environment, of the plan's cases.
std::map<std::string, std::string> environments_of_cases(const nlohmann::json& cases);

// So many workers a slot keeps: reference, candidate, and the candidate with its switches off.
inline constexpr std::size_t kMostWorkers = 3;
inline constexpr std::size_t kMostComparisonsTogether = 4;

using TimingGroup = std::vector<const nlohmann::json*>;  // rows of a plan's lists

// Neighbours of `comparisons` whose environments a slot keeps up all at once, so that rounds over
// them load nothing twice. A row of `time_floor` stands first in the first group that has its
// environment. All three are a plan's; comparisons without pairs are in no group.
std::vector<TimingGroup> timing_groups(const nlohmann::json& cases,
                                       const nlohmann::json& comparisons,
                                       const nlohmann::json& time_floor);

}  // namespace sameseed
