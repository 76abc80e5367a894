#include "reports/summary/nonfinite.h"

#include <algorithm>
#include <set>
#include <string>

namespace sameseed {

std::vector<NonfiniteCase> nonfinite_cases(const RunIndex& run) {
  std::vector<NonfiniteCase> list;
  if (std::ranges::all_of(run.files().samples,
                          [](const auto& one) { return one.second.nonfinite.is_null(); }))
    return list;  // the usual case, told without a million lookups
  std::set<std::string> seen;
  for (const PlannedSample& sample : run.plan().samples) {
    const auto record = run.files().samples.find(sample.id);
    if (record == run.files().samples.end() || record->second.nonfinite.is_null()) continue;
    if (!seen.insert(sample.case_id).second) continue;
    const std::string& environment = run.case_of(sample.case_id)->environment;
    list.push_back(
        {.sample = sample.id,
         .case_id = sample.case_id,
         .environment = environment,
         .engine = run.environment(environment)->engine,
         .repeat = repeat_command(run.files().folder, sample.case_id, sample.case_id + ".png"),
         .found = record->second.nonfinite});
  }
  return list;
}

}  // namespace sameseed
