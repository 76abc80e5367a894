#include "reports/summary/oracle.h"

#include <utility>
#include <vector>

#include "reports/statistics/statistics.h"

namespace sameseed {
namespace {

const char* reading_of(const std::optional<Interval>& interval) {
  if (!interval) return "no difference shown";
  if (interval->high < 0) return "candidate nearer";
  return interval->low > 0 ? "reference nearer" : "no difference shown";
}

OracleReading oracle_of(const ReportMetric& metric, const std::vector<Pair>& pairs,
                        const RunIndex& run) {
  std::vector<Scored> candidates, references, differences;
  for (const Pair& pair : pairs) {
    const auto ours = run.score(pair.candidate, pair.oracle, metric.name),
               theirs = run.score(pair.reference, pair.oracle, metric.name);
    if (!ours || !theirs) continue;
    const double a = metric.loss(*ours), b = metric.loss(*theirs);
    candidates.push_back({a, pair.candidate, pair.prompt});
    references.push_back({b, pair.candidate, pair.prompt});
    differences.push_back({a - b, pair.candidate, pair.prompt});
  }
  OracleReading oracle{.unit = metric.loss_unit()};
  if (differences.empty()) return oracle;
  const ReportMetric losses = {.name = metric.name};
  oracle.candidate = summarize(std::move(candidates), losses).mean.value;
  oracle.reference = summarize(std::move(references), losses).mean.value;
  oracle.difference = summarize(std::move(differences), losses).mean;
  oracle.reading = reading_of(oracle.difference.interval);
  return oracle;
}

}  // namespace

std::optional<std::map<std::string, OracleReading>> oracle_of(const PlannedComparison& comparison,
                                                              const RunIndex& run) {
  if (comparison.pairs.front().oracle.empty()) return std::nullopt;
  std::map<std::string, OracleReading> result;
  for (const ReportMetric& metric : run.metrics())
    if (metric.available()) result.emplace(metric.name, oracle_of(metric, comparison.pairs, run));
  return result;
}

}  // namespace sameseed
