// error_rates [REPETITIONS]: writes the table of error rates and powers to standard output; exit
// code 1 where one is not what it ought to be. 2,000 repetitions unless given, a row's own seed
// each.
#include <cstdio>
#include <cstdlib>

#include "tests/reports/rates/rates.h"

int main(int count, char** arguments) {
  using namespace sameseed;
  const int repetitions = count > 1 ? std::atoi(arguments[1]) : 2000;
  if (repetitions < 1) return 2;
  std::vector<RateRow> rows;
  for (const auto& group : {gate_rows(), tail_rows(), interval_rows(), effect_rows(),
                            floor_rows_of_rates(), oracle_rows()})
    rows.insert(rows.end(), group.begin(), group.end());
  std::vector<Rate> rates;
  bool all_hold = true;
  for (const RateRow& row : rows) {
    rates.push_back(rate_of(row, rates.size(), repetitions));
    all_hold = all_hold && rates.back().holds;
  }
  std::fputs(table_of(rates).c_str(), stdout);
  return all_hold ? 0 : 1;
}
