#include "tests/reports/rates/rates.h"

#include <fmt/format.h>

#include <cmath>

namespace sameseed {

double normal(Random& random) { return std::normal_distribution<double>()(random); }

double log_normal(double sigma, Random& random) {
  return std::exp(sigma * normal(random) - sigma * sigma / 2);
}

std::map<PairKey, double> draw(const Losses& losses, Random& random) {
  std::map<PairKey, double> values;
  for (std::size_t prompt = 0; prompt < losses.prompts; ++prompt) {
    const double shared = normal(random);
    for (std::size_t seed = 0; seed < losses.seeds; ++seed) {
      const double z =
          std::sqrt(losses.within) * shared + std::sqrt(1 - losses.within) * normal(random);
      values[{std::to_string(1000 + prompt), seed}] =
          std::exp(losses.sigma * z - losses.sigma * losses.sigma / 2);
    }
  }
  return values;
}

Rate rate_of(const RateRow& row, std::uint64_t number, int repetitions) {
  Random random(1000 + number);
  int count = 0;
  for (int i = 0; i < repetitions; ++i) count += row.counts(random);
  Rate rate{.row = &row, .share = static_cast<double>(count) / repetitions};
  const double error = 3 * std::sqrt(row.bound * (1 - row.bound) / repetitions);
  if (row.ought == RateRow::Ought::kAtMost) rate.holds = rate.share <= row.bound + error;
  if (row.ought == RateRow::Ought::kAtLeast) rate.holds = rate.share >= row.bound - error;
  return rate;
}

std::string table_of(const std::vector<Rate>& rates) {
  std::string text = "| about | what is counted | ought | measured |\n|---|---|---:|---:|\n";
  for (const Rate& rate : rates) {
    const RateRow& row = *rate.row;
    const std::string ought =
        row.ought == RateRow::Ought::kToldOnly
            ? ""
            : fmt::format("{} {:.3g} %", row.ought == RateRow::Ought::kAtMost ? "≤" : "≥",
                          100 * row.bound);
    text += fmt::format("| {} | {} | {} | {:.1f} %{} |\n", row.group, row.what, ought,
                        100 * rate.share, rate.holds ? "" : " **no**");
  }
  return text;
}

}  // namespace sameseed
