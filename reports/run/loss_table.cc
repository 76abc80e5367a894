#include "reports/run/loss_table.h"

#include <cmath>
#include <limits>
#include <map>

namespace sameseed {

std::vector<double> LossTable::column(std::size_t index) const {
  std::vector<double> values;
  for (const std::vector<double>& row : losses) values.push_back(row[index]);
  return values;
}

PairKey key_of(const Pair& pair) { return {pair.observation(), pair.seed}; }

std::vector<double> means_of_prompts(const std::map<PairKey, double>& values) {
  std::vector<double> means;
  for (auto pair = values.begin(); pair != values.end();) {
    const std::string& prompt = pair->first.prompt;
    double sum = 0, seeds = 0;
    for (; pair != values.end() && pair->first.prompt == prompt; ++pair, ++seeds)
      sum += pair->second;
    means.push_back(sum / seeds);
  }
  return means;
}

std::vector<std::vector<double>> over_prompts(const std::vector<std::vector<double>>& rows,
                                              const std::vector<PairKey>& pairs) {
  std::map<std::string, std::size_t> numbers;
  std::vector<std::size_t> prompt_of;
  for (const PairKey& pair : pairs)
    prompt_of.push_back(numbers.emplace(pair.prompt, numbers.size()).first->second);
  std::vector<std::vector<double>> result;
  for (const std::vector<double>& row : rows) {
    std::vector<double> sums(numbers.size(), 0), counts(numbers.size(), 0);
    for (std::size_t i = 0; i < row.size(); ++i)
      if (!std::isnan(row[i])) {
        sums[prompt_of[i]] += row[i];
        ++counts[prompt_of[i]];
      }
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] /= counts[i];  // none of none: NaN
    result.push_back(std::move(sums));
  }
  return result;
}

LossTable loss_table(const ReportMetric& metric,
                     const std::vector<const std::vector<ScoredPair>*>& columns) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  LossTable table;
  std::map<PairKey, std::size_t> rows;
  for (std::size_t column = 0; column < columns.size(); ++column)
    for (const ScoredPair& scored : *columns[column]) {
      const PairKey key = key_of(scored.pair);
      const auto [row, is_new] = rows.emplace(key, table.pairs.size());
      if (is_new) {
        table.pairs.push_back(key);
        table.losses.emplace_back(columns.size(), kNaN);
      }
      if (const auto value = scored.value(metric.name))
        table.losses[row->second][column] = metric.loss(*value);
    }
  return table;
}

}  // namespace sameseed
