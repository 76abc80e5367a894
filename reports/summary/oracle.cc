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

// Of a metric of scores that may not be there.
std::optional<double> value_in(const PairScores* scores, const std::string& metric) {
  return scores ? scores->value(metric) : std::nullopt;
}

OracleReading oracle_of(const ReportMetric& metric, const std::vector<MadePair>& pairs) {
  std::vector<Scored> candidates, references, differences;
  for (const MadePair& pair : pairs) {
    const auto ours = value_in(pair.candidate_to_oracle, metric.name),
               theirs = value_in(pair.reference_to_oracle, metric.name);
    if (!ours || !theirs) continue;
    const double a = metric.loss(*ours), b = metric.loss(*theirs);
    candidates.push_back({a, pair.planned.candidate, pair.planned.prompt});
    references.push_back({b, pair.planned.candidate, pair.planned.prompt});
    differences.push_back({a - b, pair.planned.candidate, pair.planned.prompt});
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

std::optional<std::map<std::string, OracleReading>> oracle_of(
    const MadeComparison& comparison, const std::vector<ReportMetric>& metrics) {
  if (comparison.pairs.front().planned.oracle.empty()) return std::nullopt;
  std::map<std::string, OracleReading> result;
  for (const ReportMetric& metric : metrics)
    if (metric.available()) result.emplace(metric.name, oracle_of(metric, comparison.pairs));
  return result;
}

}  // namespace sameseed
