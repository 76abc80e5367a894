#include "reports/statistics/distributions.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sameseed {
namespace {

double chance_of(std::size_t k, std::size_t n, double share) {
  const auto all = static_cast<double>(n), some = static_cast<double>(k);
  return std::exp(std::lgamma(all + 1) - std::lgamma(some + 1) - std::lgamma(all - some + 1) +
                  some * std::log(share) + (all - some) * std::log1p(-share));
}

}  // namespace

double chance_of_at_most(std::size_t k, std::size_t n, double share) {
  if (k >= n) return 1;
  double chance = 0;
  for (std::size_t i = 0; i <= k; ++i) chance += chance_of(i, n, share);
  return std::min(1.0, chance);
}

double chance_of_at_least(std::size_t k, std::size_t n, double share) {
  if (k == 0) return 1;
  double chance = 0;
  for (std::size_t i = k; i <= n; ++i) chance += chance_of(i, n, share);
  return std::min(1.0, chance);
}

// The finite series for whole degrees of freedom (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4).
double chance_of_t_above(double t, std::size_t degrees) {
  if (std::isinf(t)) return t > 0 ? 0 : 1;
  const double angle = std::atan(t / std::sqrt(static_cast<double>(degrees)));
  const double cosine = std::cos(angle), sine = std::sin(angle);
  const bool odd = degrees % 2 == 1;
  double sum = 0, term = odd ? cosine : 1;
  for (std::size_t power = odd ? 1 : 0; power + 2 <= degrees; power += 2) {
    sum += term;
    const auto next = static_cast<double>(power);
    term *= cosine * cosine * (next + 1) / (next + 2);
  }
  const double within =
      odd ? 2 / std::numbers::pi * (angle + sine * sum) : sine * sum;  // of |T| < |t|, signed
  return std::clamp((1 - within) / 2, 0.0, 1.0);
}

double student_quantile(double chance_above, std::size_t degrees) {
  double low = 0, high = 1;
  while (chance_of_t_above(high, degrees) > chance_above && high < 1e12) high *= 2;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (chance_of_t_above(middle, degrees) > chance_above ? low : high) = middle;
  }
  return high;
}

}  // namespace sameseed
