#include "reports/statistics/change_points.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numbers>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "reports/statistics/statistics.h"

namespace sameseed {
namespace {

using Steps = std::vector<std::size_t>;

constexpr double kOutlier = 6;  // sigma
constexpr std::size_t kBadInARow = 2;
constexpr std::size_t kFewOf = 5;   // bad nights are at most one of so many
constexpr double kStrong = 3.75;    // standard errors; measured: reports/STATISTICS.md
constexpr double kOfFewNights = 4;  // the noise of so few is known badly: kStrong grows by this / n
constexpr std::size_t kNightsOfABlock = 4;
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

// Whether `nights` of one or two neighbours all stand out to one side of both good nights around
// them, and further than those lie apart: the first nights after a step do not. At an end of the
// series: of the one that there is, or at its beginning of the next two.
bool stand_out(std::span<const double> nights, std::span<const double> around, double sigma) {
  if (around.empty()) return false;
  const double side = nights[0] > around[0] ? 1 : -1,
               apart = std::max(kOutlier * sigma, std::abs(around.front() - around.back()));
  for (const double night : nights)
    for (const double good : around)
      if (side * (night - good) <= apart) return false;
  return true;
}

// By index.
std::vector<bool> bad_ones(const std::vector<double>& values, double sigma) {
  const std::size_t n = values.size();
  std::vector<bool> bad(n, false);
  std::optional<double> good;  // the last one before
  std::size_t i = 0;
  while (i < n) {
    std::size_t found = 0;
    for (std::size_t count = 1; count <= kBadInARow && i + count <= n && found == 0; ++count) {
      std::vector<double> around;
      if (good) around.push_back(*good);
      const std::size_t after = good ? 1 : 2;
      for (std::size_t j = i + count; j < std::min(n, i + count + after); ++j)
        around.push_back(values[j]);
      if (around.size() + (i + count == n ? 1 : 0) >= 2 &&
          stand_out({values.data() + i, count}, around, sigma))
        found = count;
    }
    for (std::size_t j = 0; j < found; ++j) bad[i + j] = true;
    if (found == 0) good = values[i];
    i += std::max<std::size_t>(found, 1);
  }
  return bad;
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

// A stretch of values between two steps.
struct Part {
  std::size_t first, last;
  double count() const { return static_cast<double>(last - first); }
};

std::vector<Part> parts_of(std::size_t n, const Steps& steps) {
  std::vector<Part> parts;
  std::size_t first = 0;
  for (const std::size_t step : steps) {
    parts.push_back({first, step});
    first = step;
  }
  parts.push_back({first, n});
  return parts;
}

double mean_of(const std::vector<double>& values, Part part) {
  double sum = 0;
  for (std::size_t i = part.first; i < part.last; ++i) sum += values[i];
  return sum / part.count();
}

// Of the blocks of `size` neighbouring nights that fit into the parts, the standard deviation of a
// block's mean around its part's, times the square root of the size: sigma where nights are
// independent, more where neighbours are alike. 0 where no part holds two blocks.
double noise_of_blocks(const std::vector<double>& values, const std::vector<Part>& parts,
                       std::size_t size) {
  double squares = 0, freedom = 0;
  for (const Part& part : parts) {
    std::vector<double> means;
    for (std::size_t at = part.first; at + size <= part.last; at += size)
      means.push_back(mean_of(values, {at, at + size}));
    if (means.size() < 2) continue;
    const double centre = mean_of(means, {0, means.size()});
    for (const double mean : means)
      squares += (mean - centre) * (mean - centre) * static_cast<double>(size);
    freedom += static_cast<double>(means.size() - 1);
  }
  return freedom > 0 ? std::sqrt(squares / freedom) : 0;
}

// How far a step stands out, in what is asked of it: 1 is just enough.
double strength(const std::vector<double>& values, Part before, Part after, double sigma) {
  if (std::min(before.count(), after.count()) < static_cast<double>(kNightsToConfirm)) return 0;
  const double error = sigma * std::sqrt(1 / before.count() + 1 / after.count()),
               step = std::abs(mean_of(values, after) - mean_of(values, before)),
               few = kOfFewNights / (static_cast<double>(values.size()) - 2);
  return step / (error * kStrong * (1 + few));
}

// How much worse the values fit without the step. Steps beside a part that is too short to tell
// have no strength: of those the true one separates most.
double separation(const Cost& cost, Part before, Part after) {
  return cost(before.first, after.last) - cost(before.first, before.last) -
         cost(after.first, after.last);
}

// The candidates without those that do not stand out, the weakest first: what lay beside one that
// goes is then one part.
Steps strong_steps(const std::vector<double>& values) {
  Steps steps = candidate_steps(values);
  if (steps.empty()) return steps;
  const double by_neighbours = noise_of(values);
  const Cost cost(values, by_neighbours);
  while (!steps.empty()) {
    const std::vector<Part> parts = parts_of(values.size(), steps);
    const double sigma = std::max({by_neighbours, noise_of_blocks(values, parts, 1),
                                   noise_of_blocks(values, parts, kNightsOfABlock)});
    std::size_t weakest = 0;
    std::pair<double, double> least(std::numeric_limits<double>::infinity(), 0);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const std::pair found(strength(values, parts[i], parts[i + 1], sigma),
                            separation(cost, parts[i], parts[i + 1]));
      if (found >= least) continue;
      least = found;
      weakest = i;
    }
    if (least.first >= 1) break;
    steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(weakest));
  }
  return steps;
}

Steps steps_of_good_nights(const std::vector<double>& values) {
  const std::vector<std::size_t> good = good_nights(values);
  std::vector<double> kept;
  for (const std::size_t night : good) kept.push_back(values[night]);
  Steps steps = strong_steps(kept);
  for (std::size_t& step : steps) step = good[step];
  return steps;
}

}  // namespace

Steps candidate_steps(const std::vector<double>& values) {
  const std::size_t n = values.size();
  if (n < 2 * kFewestOfAPlateau) return {};
  const double sigma = noise_of(values);
  if (sigma == 0) return {};
  const Cost cost(values, sigma);
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
  Steps steps;
  for (std::size_t end = last[n]; end > 0; end = last[end]) steps.push_back(end);
  std::reverse(steps.begin(), steps.end());
  return steps;
}

std::vector<std::size_t> good_nights(const std::vector<double>& values) {
  std::vector<std::size_t> all(values.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  if (values.size() < 2) return all;
  const double sigma = noise_of(values);
  if (sigma == 0) return all;
  const std::vector<bool> bad = bad_ones(values, sigma);
  std::vector<std::size_t> good;
  std::ranges::copy_if(all, std::back_inserter(good), [&](std::size_t i) { return !bad[i]; });
  const std::size_t left_out = all.size() - good.size();
  return left_out * kFewOf > all.size() ? all : good;  // so many are how the series is
}

Steps change_points(const std::vector<double>& values) {
  const Steps now = steps_of_good_nights(values);
  if (now.empty()) return now;
  const Steps before = steps_of_good_nights({values.begin(), values.end() - 1});
  Steps confirmed;
  for (const std::size_t step : now)
    if (std::ranges::any_of(before, [step](std::size_t other) {
          return std::max(step, other) - std::min(step, other) <= 1;
        }))
      confirmed.push_back(step);
  return confirmed;
}

}  // namespace sameseed
