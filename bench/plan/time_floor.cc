#include "bench/plan/time_floor.h"

#include <set>
#include <string>

#include "bench/plan/cases.h"
#include "bench/plan/timing_groups.h"
#include "reports/statistics/fewest_blocks.h"

namespace sameseed {

using nlohmann::json;

json time_floor_rows(const json& cases, const json& comparisons, std::size_t blocks) {
  json rows = json::array();
  if (blocks < kFewestBlocks) return rows;
  const auto of_case = environments_of_cases(cases);
  std::set<std::string> known;
  for (const json& comparison : comparisons) {
    if (comparison.at("kind") != "reference" || !is_timed(comparison)) continue;
    const std::string environment = of_case.at(comparison.at("pairs").front().at("reference"));
    if (!known.insert(environment).second) continue;
    json pairs = json::array();
    for (const json& pair : comparison.at("pairs"))
      pairs.push_back({{"candidate", pair.at("reference")},
                       {"reference", pair.at("reference")},
                       {"prompt", pair.at("prompt")},
                       {"seed", pair.at("seed")}});
    const std::string id = id_of({{"time_floor", environment}, {"pairs", pairs}});
    rows.push_back({{"id", id}, {"environment", environment}, {"pairs", std::move(pairs)}});
  }
  return rows;
}

}  // namespace sameseed
