#include "reports/judge/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "reports/judge/verdict_words.h"
#include "reports/run/labels.h"

namespace sameseed {
namespace {

constexpr std::size_t kMostListed = 8;

}  // namespace

Coverage uncovered(const Summary& summary, const Verdict& verdict) {
  Coverage coverage;
  if (!verdict.gates) return coverage;
  std::set<std::string> judged, names;
  for (const GateDecision& decision : *verdict.gates) {
    names.insert(decision.gate.name);
    if (decision.gate.is_timing) continue;  // how fast a picture came says nothing of it
    for (const SettingDecision& setting : decision.settings) judged.insert(setting.comparison);
  }
  bool timed = false;
  for (const Comparison& comparison : summary.comparisons) {
    if (!comparison.is_against_reference() || comparison.status == "unsupported") continue;
    ++coverage.of;
    if (!judged.contains(comparison.id))
      coverage.settings.push_back({comparison.id, comparison.label});
    timed = timed || !comparison.speed.samples.empty();
  }
  for (const ReportMetric& metric : summary.metrics)
    if (metric.available() && !names.contains(metric.name)) coverage.metrics.push_back(metric.name);
  coverage.times = timed && std::ranges::none_of(*verdict.gates, [](const GateDecision& decision) {
                     return decision.gate.is_timing;
                   });
  return coverage;
}

std::vector<std::string> told(const Coverage& coverage) {
  std::vector<std::string> lines;
  std::vector<std::string> labels;
  for (const UncoveredSetting& setting : coverage.settings) labels.push_back(setting.label);
  if (!labels.empty())
    lines.push_back(fmt::format("no gate judges the pictures of {} of {} settings: {}",
                                labels.size(), coverage.of, listed(labels, kMostListed, "; ")));
  if (!coverage.metrics.empty())
    lines.push_back("no gate is on these metrics: " + listed(coverage.metrics, kMostListed));
  if (coverage.times) lines.push_back("no gate is on times");
  return lines;
}

Verdict with_coverage_required(Verdict verdict, const Summary& summary) {
  const Coverage coverage = uncovered(summary, verdict);
  if (verdict.gates && coverage.settings.empty()) return verdict;
  verdict.causes.push_back({.kind = "coverage",
                            .code = 5,
                            .text = verdict.gates
                                        ? told(coverage).front()
                                        : "there are no gates that judge a setting's pictures"});
  if (verdict.code == 0) {
    verdict.code = 5;
    verdict.word = words_of(verdict, summary);
  }
  return verdict;
}

}  // namespace sameseed
