// How often an answer is wrong, and how often it comes, by simulation: a table of rates.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "reports/run/loss_table.h"

namespace sameseed {

using Random = std::mt19937_64;

// A row of the table: what is counted, and what it ought to be.
struct RateRow {
  std::string group, what;
  enum class Ought { kAtMost, kAtLeast, kToldOnly } ought = Ought::kToldOnly;
  double bound = 0;
  std::function<bool(Random&)> counts;  // of one repetition: whether it is counted
};

struct Rate {
  const RateRow* row = nullptr;
  double share = 0;
  bool holds = true;  // within three standard errors
};

// Every row draws from its own numbers, so that a row says the same whatever stands beside it.
Rate rate_of(const RateRow& row, std::uint64_t number, int repetitions);

// Markdown, a line a rate.
std::string table_of(const std::vector<Rate>& rates);

// Losses of prompts with so many seeds each: log-normal with a mean of 1, the logarithm's standard
// deviation `sigma`, and the correlation `within` between the logarithms of one prompt's seeds.
struct Losses {
  std::size_t prompts = 12, seeds = 4;
  double sigma = 0.6, within = 0.9;
};
std::map<PairKey, double> draw(const Losses& losses, Random& random);

double normal(Random& random);
// exp(sigma z - sigma^2 / 2): log-normal with a mean of 1.
double log_normal(double sigma, Random& random);

// The rows, by what they are about.
std::vector<RateRow> gate_rows();
std::vector<RateRow> tail_rows();
std::vector<RateRow> interval_rows();
std::vector<RateRow> effect_rows();
std::vector<RateRow> floor_rows_of_rates();
std::vector<RateRow> oracle_rows();
std::vector<RateRow> class_rows();
std::vector<RateRow> history_rows();
std::vector<RateRow> sensitivity_rows();
std::vector<RateRow> looking_rows();  // again and again, until there is an answer

}  // namespace sameseed
