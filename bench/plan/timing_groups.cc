#include "bench/plan/timing_groups.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace sameseed {
namespace {

using nlohmann::json;
using Environments = std::set<std::string>;

// The arms of a row: all its pairs have the same.
Environments environments_of(const json& row, const std::map<std::string, std::string>& of_case) {
  Environments found;
  const json& first = row.at("pairs").front();
  for (const char* arm : {"reference", "candidate"})
    if (const auto known = of_case.find(first.at(arm)); known != of_case.end())
      found.insert(known->second);
  return found;
}

Environments joined(const Environments& one, const Environments& other) {
  Environments all;
  std::ranges::set_union(one, other, std::inserter(all, all.end()));
  return all;
}

}  // namespace

std::map<std::string, std::string> environments_of_cases(const json& cases) {
  std::map<std::string, std::string> of_case;
  for (const json& made : cases) of_case[made.at("id")] = made.at("environment");
  return of_case;
}

bool is_timed(const json& comparison) { return comparison.value("timed", true); }

std::vector<TimingGroup> timing_groups(const json& cases, const json& comparisons,
                                       const json& time_floor) {
  const auto of_case = environments_of_cases(cases);
  std::vector<TimingGroup> groups;
  std::vector<Environments> needed;  // by each group
  for (const json& comparison : comparisons) {
    if (comparison.at("pairs").empty() || !is_timed(comparison)) continue;
    const Environments own = environments_of(comparison, of_case);
    if (groups.empty() || groups.back().size() == kMostComparisonsTogether ||
        joined(needed.back(), own).size() > kMostWorkers) {
      groups.emplace_back();
      needed.emplace_back();
    }
    groups.back().push_back(&comparison);
    needed.back() = joined(needed.back(), own);
  }
  for (const json& row : time_floor)
    for (std::size_t i = 0; i < groups.size(); ++i)
      if (needed[i].contains(row.at("environment"))) {
        groups[i].insert(groups[i].begin(), &row);
        break;
      }
  return groups;
}

}  // namespace sameseed
