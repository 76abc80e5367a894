// Series of nights with what is known of them, and what somebody sees of them who looks every
// night.
#pragma once

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "reports/statistics/change_points.h"

namespace sameseed {

// Nights of standard deviation 1 of which neighbours correlate by `correlation`, then a step.
inline std::vector<double> nights(std::mt19937_64& random, double correlation, std::size_t flat,
                                  std::size_t after, double step) {
  std::normal_distribution<double> normal;
  std::vector<double> values;
  double night = normal(random);
  for (std::size_t i = 0; i < flat + after; ++i) {
    if (i > 0)
      night = correlation * night + std::sqrt(1 - correlation * correlation) * normal(random);
    values.push_back(night + (i < flat ? 0 : step));
  }
  return values;
}

// Whether somebody who looks every night is ever shown a step. Of a series with a step at `flat`
// only those within two nights of it count.
inline bool is_ever_shown(const std::vector<double>& all, std::size_t flat) {
  const bool has_step = flat < all.size();
  for (std::size_t n = has_step ? flat + 1 : 1; n <= all.size(); ++n)
    for (const std::size_t at : change_points({all.begin(), all.begin() + std::ptrdiff_t(n)}))
      if (!has_step || (at + 2 >= flat && at <= flat + 2)) return true;
  return false;
}

}  // namespace sameseed
