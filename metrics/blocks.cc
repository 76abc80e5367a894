// blocks: was the candidate stored or shown in blocks? Every value is the candidate's less the
// reference's, at the same place of the grid, so that a reference with blocks of its own counts for
// nothing. Identical pictures: 0 (pixel_side: 1). None is symmetric.
//   compression  of 8 x 8 cosine transforms, how many of the coefficients that are not near 0 half
//   a
//       block away are near 0 on the best of the 64 places that a grid can have: compression as
//       JPEG's writes zeros, which are zeros in its own grid only. 0 to 1
//   grid  mean step of luma across the borders of 8 x 8 blocks over that elsewhere, in that grid;
//       ratio less 1: what a person sees as blocks
//   pixel_share, pixel_side  of the steps of luma between neighbours, the share that lies on the
//       lines of the best grid, beyond its share of the lines; and that grid's side, 2 to 32 pixels
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <opencv2/core/utility.hpp>
#include <vector>

#include "metrics/all_metrics.h"
#include "metrics/images.h"

namespace sameseed {
namespace {

constexpr int kSmallest = 32;  // pixels a side: enough blocks in every grid
constexpr int kSide = 8;
constexpr std::size_t kBlocksLooked = 400, kBlocksCounted = 3000;
constexpr double kNearZero = 0.8;    // levels: rounding of three channels leaves 0.2 in luma
constexpr double kFlatPart = 0.02;   // of coefficients: keeps flat pictures at 0
constexpr double kStepFloor = 0.25;  // levels: steps of rounding
constexpr int kLargestPixel = 32;

using Basis = std::array<std::array<double, kSide>, kSide>;

Basis cosines() {
  Basis basis{};
  for (std::size_t k = 0; k < kSide; ++k)
    for (std::size_t i = 0; i < kSide; ++i)
      basis[k][i] = std::sqrt((k == 0 ? 1.0 : 2.0) / kSide) *
                    std::cos(std::numbers::pi * static_cast<double>((2 * i + 1) * k) / (2 * kSide));
  return basis;
}

// Of the block whose corner is at x, y: how many of 63 coefficients are near 0.
int zeros_of(const cv::Mat& luma, int x, int y, const Basis& basis) {
  Basis rows{};
  for (std::size_t i = 0; i < kSide; ++i) {
    const double* at = luma.ptr<double>(y + static_cast<int>(i)) + x;
    for (std::size_t k = 0; k < kSide; ++k) {
      double sum = 0;
      for (std::size_t j = 0; j < kSide; ++j) sum += basis[k][j] * at[j];
      rows[i][k] = sum;
    }
  }
  int zeros = 0;
  for (std::size_t l = 0; l < kSide; ++l)
    for (std::size_t k = 0; k < kSide; ++k) {
      double sum = 0;
      for (std::size_t i = 0; i < kSide; ++i) sum += basis[l][i] * rows[i][k];
      zeros += (k > 0 || l > 0) && std::abs(sum) < kNearZero;
    }
  return zeros;
}

// Of about `most` blocks, spread over the grid that begins at `origin`.
double zero_share(const cv::Mat& luma, cv::Point origin, std::size_t most, const Basis& basis) {
  const auto across = static_cast<std::size_t>((luma.cols - origin.x) / kSide),
             down = static_cast<std::size_t>((luma.rows - origin.y) / kSide);
  const std::size_t step = std::max<std::size_t>(1, across * down / most);
  std::size_t zeros = 0, count = 0;
  for (std::size_t i = 0; i < across * down; i += step, ++count)
    zeros +=
        static_cast<std::size_t>(zeros_of(luma, origin.x + kSide * static_cast<int>(i % across),
                                          origin.y + kSide * static_cast<int>(i / across), basis));
  return static_cast<double>(zeros) / static_cast<double>(63 * count);
}

struct Grid {
  cv::Point origin;
  double compression = 0;
};

// Of the coefficients that are not near 0 half a block away, what is near 0 on the grid at
// `origin`.
double zeros_beyond(const cv::Mat& luma, cv::Point origin, const Basis& basis) {
  const cv::Point away((origin.x + kSide / 2) % kSide, (origin.y + kSide / 2) % kSide);
  const double on = zero_share(luma, origin, kBlocksCounted, basis),
               off = zero_share(luma, away, kBlocksCounted, basis);
  return (on - off) / (1 - off + kFlatPart);
}

Grid best_grid(const cv::Mat& candidate, const cv::Mat& reference) {
  const Basis basis = cosines();
  std::array<double, kSide * kSide> shares{};
  cv::parallel_for_(cv::Range(0, kSide * kSide), [&](cv::Range range) {
    for (int i = range.start; i < range.end; ++i)
      shares[static_cast<std::size_t>(i)] =
          zero_share(candidate, {i % kSide, i / kSide}, kBlocksLooked, basis);
  });
  const int best =
      static_cast<int>(std::max_element(shares.begin(), shares.end()) - shares.begin());
  Grid grid{.origin = {best % kSide, best / kSide}};
  grid.compression = std::max(0.0, zeros_beyond(candidate, grid.origin, basis) -
                                       std::max(0.0, zeros_beyond(reference, grid.origin, basis)));
  return grid;
}

// Mean absolute steps of luma across each line between two columns, and between two rows.
struct Steps {
  std::vector<double> columns, rows;  // index i: between i - 1 and i; the first is 0
};

Steps steps_of(const cv::Mat& luma) {
  Steps steps{std::vector<double>(static_cast<std::size_t>(luma.cols)),
              std::vector<double>(static_cast<std::size_t>(luma.rows))};
  for (int y = 0; y < luma.rows; ++y) {
    const double *row = luma.ptr<double>(y), *above = luma.ptr<double>(std::max(0, y - 1));
    double down = 0;
    for (int x = 0; x < luma.cols; ++x) {
      if (x > 0) steps.columns[static_cast<std::size_t>(x)] += std::abs(row[x] - row[x - 1]);
      down += std::abs(row[x] - above[x]);
    }
    steps.rows[static_cast<std::size_t>(y)] = down / luma.cols;
  }
  for (double& step : steps.columns) step /= luma.rows;
  return steps;
}

struct Sums {
  double on = 0, all = 0;
  std::size_t lines_on = 0, lines = 0;
};

Sums sums_on(const std::vector<double>& steps, std::size_t side, std::size_t phase) {
  Sums sums;
  for (std::size_t i = 1; i < steps.size(); ++i, ++sums.lines) {
    sums.all += steps[i];
    if (i % side != phase) continue;
    sums.on += steps[i];
    ++sums.lines_on;
  }
  return sums;
}

double grid_ratio(const Steps& steps, cv::Point origin) {
  double on = 0, off = 0;
  for (const auto& [list, phase] : {std::pair(&steps.columns, origin.x), {&steps.rows, origin.y}}) {
    const Sums sums = sums_on(*list, kSide, static_cast<std::size_t>(phase % kSide));
    on += sums.on / static_cast<double>(sums.lines_on);
    off += (sums.all - sums.on) / static_cast<double>(sums.lines - sums.lines_on);
  }
  return (on + kStepFloor) / (off + kStepFloor);
}

// What lies on the lines beyond their share of the lines, 0 to 1; below 0 where they hold less.
double share_on(const std::vector<double>& steps, std::size_t side, std::size_t phase) {
  const Sums sums = sums_on(steps, side, phase);
  const double even = static_cast<double>(sums.lines_on) / static_cast<double>(sums.lines);
  // A hundredth of a level per line keeps a picture without steps at 0.
  return ((sums.on + 1e-2 * static_cast<double>(sums.lines_on)) /
              (sums.all + 1e-2 * static_cast<double>(sums.lines)) -
          even) /
         (1 - even);
}

struct Pixels {
  double share = 0;
  int side = 1;
};

Pixels pixels_of(const Steps& candidate, const Steps& reference) {
  Pixels best;
  const auto most = std::min<std::size_t>(
      kLargestPixel, std::min(candidate.columns.size(), candidate.rows.size()) / 4);
  for (std::size_t side = 2; side <= most; ++side) {
    double share = 1;
    for (const auto list : {&Steps::columns, &Steps::rows}) {
      double of_lines = 0;
      for (std::size_t phase = 0; phase < side; ++phase)
        of_lines = std::max(of_lines, share_on(candidate.*list, side, phase) -
                                          std::max(0.0, share_on(reference.*list, side, phase)));
      share = std::min(share, of_lines);
    }
    // Every side that divides the true one has as much: the largest counts.
    if (share > 0.05 && share >= 0.97 * best.share)
      best = {std::max(best.share, share), static_cast<int>(side)};
  }
  return best;
}

class Blocks final : public Metric {
 public:
  std::vector<Quantity> quantities() const override {
    return {{"blocks.compression", "", Better::kLower, 0, false},
            {"blocks.grid", "", Better::kNearer, 0, false},
            {"blocks.pixel_share", "", Better::kLower, 0, false},
            {"blocks.pixel_side", "pixels", Better::kLower, 1, false}};
  }
  std::string definition() const override {
    return "candidate less reference; compression: coefficients of 8x8 cosine transforms below 0.8 "
           "levels on the best grid over half a block away; grid: steps across that grid's lines "
           "over those elsewhere, ratio less 1; pixel_share, pixel_side: share of steps on the "
           "lines of the best grid of 2 to 32 pixels";
  }

  Scores score(const cv::Mat& candidate, const cv::Mat& reference) const override {
    check_pair(candidate, reference, kSmallest);
    const cv::Mat a = luma_of(candidate), b = luma_of(reference);
    const Grid grid = best_grid(a, b);
    const Steps steps_a = steps_of(a), steps_b = steps_of(b);
    const Pixels pixels = pixels_of(steps_a, steps_b);
    return {.values = {grid.compression,
                       grid_ratio(steps_a, grid.origin) / grid_ratio(steps_b, grid.origin) - 1,
                       pixels.share, static_cast<double>(pixels.side)}};
  }
};

}  // namespace

std::unique_ptr<Metric> make_blocks() { return std::make_unique<Blocks>(); }

}  // namespace sameseed
