#include "reports/run/loss_table.h"

#include <limits>
#include <map>

namespace sameseed {

std::vector<double> LossTable::column(std::size_t index) const {
  std::vector<double> values;
  for (const std::vector<double>& row : losses) values.push_back(row[index]);
  return values;
}

LossTable loss_table(const ReportMetric& metric,
                     const std::vector<const std::vector<ScoredPair>*>& columns) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  LossTable table;
  std::map<PairKey, std::size_t> rows;
  for (std::size_t column = 0; column < columns.size(); ++column)
    for (const ScoredPair& scored : *columns[column]) {
      const PairKey key{scored.pair.prompt, scored.pair.seed};
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
