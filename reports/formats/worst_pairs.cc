#include "reports/formats/worst_pairs.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace sameseed {
namespace {

// Those that have this answer; where none has (a gate on what was not compared) all that it judges.
std::set<std::string> comparisons_with(Answer answer, const GateDecision& decision) {
  std::set<std::string> found, all;
  for (const SettingDecision& setting : decision.settings) {
    all.insert(setting.comparison);
    if (setting.answer == answer) found.insert(setting.comparison);
  }
  return found.empty() ? all : found;
}

WorstBy by_gate(const GateDecision& decision) {
  return {.metric = decision.gate.name,
          .gate = gate_label(decision.gate),
          .against = decision.gate.against,
          .comparisons = comparisons_with(decision.answer, decision)};
}

// All gates on a metric with this answer, in the file's order.
std::vector<WorstBy> gates_with(Answer answer, const Summary& summary, const Verdict& verdict) {
  std::vector<WorstBy> list;
  if (verdict.gates)
    for (const GateDecision& decision : *verdict.gates)
      if (decision.answer == answer && summary.metric(decision.gate.name))
        list.push_back(by_gate(decision));
  return list;
}

}  // namespace

std::vector<WorstBy> worst_by(const Summary& summary, const Verdict& verdict) {
  for (const Answer answer : {Answer::kFail, Answer::kInconclusive})
    if (auto list = gates_with(answer, summary, verdict); !list.empty()) return list;
  WorstBy by{.metric = summary.effects.headline.value_or("")};
  for (const Comparison& comparison : summary.comparisons)
    if (comparison.is_against_reference()) by.comparisons.insert(comparison.id);
  return {by};
}

std::vector<WorstPair> worst_pairs(const Summary& summary, const WorstBy& by, std::size_t count) {
  const ReportMetric* definition = summary.metric(by.metric);
  if (!definition) return {};
  std::vector<std::pair<double, WorstPair>> found;  // badness
  for (const Comparison& comparison : summary.comparisons)
    if (by.comparisons.contains(comparison.id))
      for (const ScoredPair& pair : comparison.pairs)
        if (const auto value = pair.value(by.metric))
          found.push_back({definition->badness(*value), {&comparison, &pair}});
  std::ranges::stable_sort(found, std::greater<>(), &std::pair<double, WorstPair>::first);
  std::vector<WorstPair> worst;
  for (std::size_t i = 0; i < std::min(count, found.size()); ++i) worst.push_back(found[i].second);
  return worst;
}

}  // namespace sameseed
