#include "reports/formats/worst_pairs.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace sameseed {

std::string worst_by(const Summary& summary, const Verdict& verdict) {
  if (verdict.gates)
    for (const Answer answer : {Answer::kFail, Answer::kInconclusive})
      for (const GateDecision& decision : *verdict.gates)
        if (decision.answer == answer && summary.metric(decision.gate.name))
          return decision.gate.name;
  return summary.effects.headline.value_or("");
}

std::vector<WorstPair> worst_pairs(const Summary& summary, const std::string& metric,
                                   std::size_t count) {
  const ReportMetric* definition = summary.metric(metric);
  if (!definition) return {};
  std::vector<std::pair<double, WorstPair>> found;  // badness
  for (const Comparison& comparison : summary.comparisons)
    if (comparison.is_against_reference())
      for (const ScoredPair& pair : comparison.pairs)
        if (const auto value = pair.value(metric))
          found.push_back({definition->badness(*value), {&comparison, &pair}});
  std::ranges::stable_sort(found, std::greater<>(), &std::pair<double, WorstPair>::first);
  std::vector<WorstPair> worst;
  for (std::size_t i = 0; i < std::min(count, found.size()); ++i) worst.push_back(found[i].second);
  return worst;
}

}  // namespace sameseed
