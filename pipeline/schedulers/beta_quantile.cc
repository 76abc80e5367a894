#include "pipeline/schedulers/beta_quantile.h"

#include <cmath>

namespace sameseed {
namespace {

// The regularised incomplete beta function of both parameters `a` for x <= 1/2, by the series
// x^a / (a B) sum (1 - a)_k x^k a / (k! (a + k)) (DLMF 8.17.7 with 15.2.1), whose terms halve at
// least.
double share_below(double x, double a) {
  double sum = 1, term = 1;
  for (int k = 1; k < 200; ++k) {
    term *= (k - a) / k * x;
    const double next = term * a / (a + k);
    sum += next;
    if (std::abs(next) < 1e-18 * sum) break;
  }
  return std::pow(x, a) * sum / (a * std::beta(a, a));
}

}  // namespace

double beta_quantile(double p, double shape) {
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  if (p > 0.5) return 1 - beta_quantile(1 - p, shape);
  double low = 0, high = 0.5;
  for (int i = 0; i < 200 && low < high; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle == low || middle == high) break;
    (share_below(middle, shape) < p ? low : high) = middle;
  }
  return high;
}

}  // namespace sameseed
