// error_rates [REPETITIONS [GROUP]]: writes the table of error rates and powers to standard output;
// exit code 1 where one is not what it ought to be. 2,000 repetitions unless given, a row's own
// seed each; of all groups unless one is named, such as "oracle".
#include <cstdio>
#include <cstdlib>

#include "tests/reports/rates/rates.h"

int main(int count, char** arguments) {
  using namespace sameseed;
  const int repetitions = count > 1 ? std::atoi(arguments[1]) : 2000;
  if (repetitions < 1) return 2;
  std::vector<RateRow> rows;
  for (const auto& group :
       {gate_rows(), tail_rows(), interval_rows(), effect_rows(), floor_rows_of_rates(),
        oracle_rows(), looking_rows(), history_rows(), class_rows(), sensitivity_rows()})
    rows.insert(rows.end(), group.begin(), group.end());
  std::vector<Rate> rates;
  bool all_hold = true;
  const std::string wanted = count > 2 ? arguments[2] : "";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!wanted.empty() && rows[i].group != wanted) continue;
    rates.push_back(rate_of(rows[i], i, repetitions));
    all_hold = all_hold && rates.back().holds;
  }
  std::fputs(table_of(rates).c_str(), stdout);
  return all_hold ? 0 : 1;
}
