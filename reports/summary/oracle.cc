#include "reports/summary/oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "reports/run/loss_table.h"
#include "reports/statistics/paired_bootstrap.h"

namespace sameseed {
namespace {

const char* reading_of(const OracleReading& oracle) {
  if (oracle.difference.n < kFewestObservations) return "too few";
  if (!oracle.difference.interval) return "no difference shown";
  if (oracle.difference.interval->high < 0) return "candidate nearer";
  return oracle.difference.interval->low > 0 ? "reference nearer" : "no difference shown";
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// The number of each prompt, the same for all metrics.
std::map<std::string, std::size_t> prompts_of(const std::vector<ScoredPair>& pairs) {
  std::map<std::string, std::size_t> numbers;
  for (const ScoredPair& scored : pairs) numbers.emplace(scored.pair.observation(), numbers.size());
  return numbers;
}

std::set<PairKey> keys_of(const std::vector<ScoredPair>& pairs) {
  std::set<PairKey> keys;
  for (const ScoredPair& scored : pairs) keys.insert(key_of(scored.pair));
  return keys;
}

// For estimate_family(); empty where not all differences are finite.
SparseRow row_of(const std::map<PairKey, double>& differences,
                 const std::map<std::string, std::size_t>& prompts) {
  const std::vector<double> means = means_of_prompts(differences);
  if (!std::ranges::all_of(means, [](double mean) { return std::isfinite(mean); })) return {};
  SparseRow row;
  std::string last;
  for (const auto& [pair, difference] : differences)
    if (row.empty() || pair.prompt != last) {
      last = pair.prompt;
      row.emplace_back(prompts.at(pair.prompt), means[row.size()]);
    }
  std::ranges::sort(row);
  return row;
}

OracleReading reading_of(const ReportMetric& metric, const OracleLosses& losses,
                         const EffectEstimate& estimate) {
  OracleReading oracle{.unit = metric.loss_unit()};
  if (losses.difference.empty()) return oracle;
  const std::vector<double> differences = means_of_prompts(losses.difference);
  oracle.candidate = mean_of(means_of_prompts(losses.candidate));
  oracle.reference = mean_of(means_of_prompts(losses.reference));
  oracle.difference = {
      .n = differences.size(), .prompts = differences.size(), .value = mean_of(differences)};
  if (estimate.half_width)
    oracle.difference.interval = {estimate.mean - *estimate.half_width,
                                  estimate.mean + *estimate.half_width};
  else
    oracle.difference.no_interval = differences.size() < kFewestObservations
                                        ? fmt::format("fewer than {} prompts", kFewestObservations)
                                        : "not all values are finite";
  oracle.reading = reading_of(oracle);
  return oracle;
}

}  // namespace

OracleLosses oracle_losses(const ReportMetric& metric, const std::vector<ScoredPair>& pairs) {
  OracleLosses losses;
  for (const ScoredPair& scored : pairs) {
    const auto ours = number_in(scored.candidate_to_oracle, metric.name),
               theirs = number_in(scored.reference_to_oracle, metric.name);
    if (!ours || !theirs) continue;
    const PairKey key = key_of(scored.pair);
    losses.candidate[key] = metric.loss(*ours);
    losses.reference[key] = metric.loss(*theirs);
    losses.difference[key] = losses.candidate[key] - losses.reference[key];
  }
  return losses;
}

std::optional<std::map<std::string, OracleReading>> oracle_of(
    const std::vector<ScoredPair>& pairs, const std::vector<ReportMetric>& metrics) {
  if (pairs.empty() || pairs.front().pair.oracle.empty()) return std::nullopt;
  const std::map<std::string, std::size_t> prompts = prompts_of(pairs);
  std::vector<const ReportMetric*> available;
  std::vector<OracleLosses> losses;
  std::vector<SparseRow> rows;
  for (const ReportMetric& metric : metrics) {
    if (!metric.available()) continue;
    available.push_back(&metric);
    losses.push_back(oracle_losses(metric, pairs));
    rows.push_back(row_of(losses.back().difference, prompts));
  }
  const std::vector<EffectEstimate> estimates = estimate_family(rows, prompts.size());
  std::map<std::string, OracleReading> result;
  const bool is_own = std::ranges::any_of(
      pairs, [](const ScoredPair& scored) { return scored.pair.oracle == scored.pair.reference; });
  for (std::size_t i = 0; i < available.size(); ++i) {
    OracleReading reading = reading_of(*available[i], losses[i], estimates[i]);
    if (is_own)
      reading.reading = kReferenceIsOracle;
    else if (reading.difference.n > 0 && losses[i].difference.size() < keys_of(pairs).size())
      reading.reading = kNotAllPairs;
    result.emplace(available[i]->name, std::move(reading));
  }
  return result;
}

}  // namespace sameseed
