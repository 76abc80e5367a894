// local: is one place damaged that means over the picture hide? ssim_tile_min: the lowest mean of
// the ssim.gaussian map over a tile of 32 x 32 windows; -1 to 1; identical pictures: 1; better:
// higher. mse_tile_ratio: squared error of the worst tile of 32 x 32 over that of the picture; 1
// where it is the same everywhere, up to the number of tiles; identical pictures: 1; better: lower.
// noise_sigma: Immerkaer's (1996) estimate of noise, of the luma difference, where texture cannot
// fool it; in levels; identical pictures: 0; better: lower.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <numeric>
#include <opencv2/core/utility.hpp>
#include <vector>

#include "metrics/all_metrics.h"
#include "metrics/images.h"
#include "metrics/ssim.h"

namespace sameseed {
namespace {

constexpr int kSmallest = 11;  // SSIM's window

double squared_error(const cv::Mat& candidate, const cv::Mat& reference) {
  std::int64_t sum = 0;
  for (int y = 0; y < candidate.rows; ++y) {
    const auto *a = candidate.ptr<std::uint8_t>(y), *b = reference.ptr<std::uint8_t>(y);
    std::int64_t row = 0;
    for (int i = 0; i < 3 * candidate.cols; ++i) row += (a[i] - b[i]) * (a[i] - b[i]);
    sum += row;
  }
  return static_cast<double>(sum) / static_cast<double>(candidate.total());
}

double noise_sigma(const cv::Mat& candidate, const cv::Mat& reference) {
  const int height = candidate.rows, width = candidate.cols;
  std::vector<double> sums(static_cast<std::size_t>(height));
  cv::parallel_for_(cv::Range(1, height - 1), [&](cv::Range rows) {
    std::vector<double> lines[3];
    for (auto& line : lines) line.resize(static_cast<std::size_t>(width));
    for (int y = rows.start; y < rows.end; ++y) {
      for (int line = 0; line < 3; ++line) {
        const auto *a = candidate.ptr<std::uint8_t>(y + line - 1),
                   *b = reference.ptr<std::uint8_t>(y + line - 1);
        for (int x = 0; x < width; ++x)
          lines[line][static_cast<std::size_t>(x)] = 0.299 * (a[3 * x] - b[3 * x]) +
                                                     0.587 * (a[3 * x + 1] - b[3 * x + 1]) +
                                                     0.114 * (a[3 * x + 2] - b[3 * x + 2]);
      }
      double sum = 0;
      for (std::size_t x = 1; x + 1 < lines[0].size(); ++x) {
        const auto across = [&](int line) {
          return lines[line][x - 1] - 2 * lines[line][x] + lines[line][x + 1];
        };
        sum += std::abs(across(0) - 2 * across(1) + across(2));
      }
      sums[static_cast<std::size_t>(y)] = sum;
    }
  });
  const double sum = std::accumulate(sums.begin(), sums.end(), 0.0);
  return sum * std::sqrt(std::numbers::pi / 2) / (6.0 * (width - 2) * (height - 2));
}

class Local final : public Metric {
 public:
  std::vector<Quantity> quantities() const override {
    return {{"local.ssim_tile_min", "", Better::kHigher, 1},
            {"local.mse_tile_ratio", "", Better::kLower, 1},
            {"local.noise_sigma", "levels", Better::kLower, 0}};
  }
  std::string definition() const override {
    return "ssim_tile_min: lowest mean of the ssim.gaussian map over 32x32 windows; "
           "mse_tile_ratio: "
           "worst 32x32 tile / picture; noise_sigma: Immerkaer 1996 of the luma difference";
  }

  Scores score(const cv::Mat& candidate, const cv::Mat& reference) const override {
    check_pair(candidate, reference, kSmallest);
    Scores scores;
    scores.values = {worst_ssim(candidate, reference, scores),
                     worst_error(candidate, reference, scores), noise_sigma(candidate, reference)};
    return scores;
  }

 private:
  static double worst_ssim(const cv::Mat& candidate, const cv::Mat& reference, Scores& scores) {
    cv::Mat map;
    ssim_gaussian(candidate, reference, &map);
    double worst = 2;
    for (const cv::Rect& tile : tiles_of(map.size())) {
      double sum = 0;
      for (int y = tile.y; y < tile.y + tile.height; ++y)
        for (int x = tile.x; x < tile.x + tile.width; ++x) sum += map.at<float>(y, x);
      const double mean = sum / tile.area();
      if (mean >= worst) continue;
      worst = mean;
      // A window's place is its middle.
      scores.places["local.ssim_tile_min"] = {tile.x + kSmallest / 2, tile.y + kSmallest / 2,
                                              tile.width, tile.height};
    }
    return worst;
  }

  static double worst_error(const cv::Mat& candidate, const cv::Mat& reference, Scores& scores) {
    const double whole = squared_error(candidate, reference);
    if (whole == 0) return 1;
    double worst = -1;
    for (const cv::Rect& tile : tiles_of(candidate.size())) {
      const double error = squared_error(candidate(tile), reference(tile));
      if (error <= worst) continue;
      worst = error;
      scores.places["local.mse_tile_ratio"] = {tile.x, tile.y, tile.width, tile.height};
    }
    return worst / whole;
  }
};

}  // namespace

std::unique_ptr<Metric> make_local() { return std::make_unique<Local>(); }

}  // namespace sameseed
