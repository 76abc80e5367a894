#include "reports/statistics/change_points.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "reports/statistics/statistics.h"

namespace sameseed {
namespace {

constexpr double kOutlier = 6;              // sigma
constexpr double kMedianOfNormal = 0.6745;  // of |x|, in sigma

// 0 where all values are equal.
double noise_of(const std::vector<double>& values) {
  std::vector<double> steps;
  double sum = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    steps.push_back(std::abs(values[i] - values[i - 1]));
    sum += steps.back();
  }
  const double by_median = median(steps) / (kMedianOfNormal * std::numbers::sqrt2);
  if (by_median > 0) return by_median;
  return sum / static_cast<double>(steps.size()) * std::sqrt(std::numbers::pi) / 2;
}

std::vector<double> without_bad_nights(std::vector<double> values, double sigma) {
  std::vector<double> result = values;
  for (std::size_t i = 1; i + 1 < values.size(); ++i) {
    const double before = values[i] - values[i - 1], after = values[i] - values[i + 1];
    if (before * after <= 0 || std::min(std::abs(before), std::abs(after)) <= kOutlier * sigma)
      continue;
    result[i] = std::abs(before) < std::abs(after) ? values[i - 1] : values[i + 1];
  }
  return result;
}

// Squares around the mean of values [first, last), from running sums.
class Cost {
 public:
  Cost(const std::vector<double>& values, double sigma) : sums_(1), squares_(1) {
    const double centre = median(values);
    for (const double value : values) {
      const double z = (value - centre) / sigma;
      sums_.push_back(sums_.back() + z);
      squares_.push_back(squares_.back() + z * z);
    }
  }
  double operator()(std::size_t first, std::size_t last) const {
    const double sum = sums_[last] - sums_[first];
    return squares_[last] - squares_[first] - sum * sum / static_cast<double>(last - first);
  }

 private:
  std::vector<double> sums_, squares_;
};

}  // namespace

std::vector<std::size_t> change_points(const std::vector<double>& values) {
  const std::size_t n = values.size();
  if (n < 2 * kFewestOfAPlateau) return {};
  const double sigma = noise_of(values);
  if (sigma == 0) return {};
  const Cost cost(without_bad_nights(values, sigma), sigma);
  const double penalty = kPenalty * std::log(static_cast<double>(n));

  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  struct Start {
    std::size_t first, until;  // where the last plateau may begin; not beyond `until` values
  };
  constexpr std::size_t kForEver = std::numeric_limits<std::size_t>::max();
  std::vector<double> best(n + 1, kInfinity);  // least cost of the first so many values
  std::vector<std::size_t> last(n + 1, 0);     // where their last plateau begins
  best[0] = -penalty;                          // the first plateau is no step
  std::vector<Start> starts;
  for (std::size_t end = kFewestOfAPlateau; end <= n; ++end) {
    if (const std::size_t first = end - kFewestOfAPlateau; first == 0 || first >= kFewestOfAPlateau)
      starts.push_back({first, kForEver});
    std::erase_if(starts, [&](const Start& start) { return start.until < end; });
    for (const Start& start : starts) {
      const double sum = best[start.first] + cost(start.first, end) + penalty;
      if (sum < best[end]) {
        best[end] = sum;
        last[end] = start.first;
      }
    }
    // What a plateau that ends here would beat never wins again, once that plateau could have
    // ended.
    for (Start& start : starts)
      if (start.until == kForEver && best[start.first] + cost(start.first, end) >= best[end])
        start.until = end + kFewestOfAPlateau - 1;
  }
  std::vector<std::size_t> steps;
  for (std::size_t end = last[n]; end > 0; end = last[end]) steps.push_back(end);
  std::reverse(steps.begin(), steps.end());
  return steps;
}

}  // namespace sameseed
