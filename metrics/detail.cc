// detail: how much fine structure has the candidate, measured by the reference's?
// Answers "hair and edges look soft", and says which way, as PSNR and SSIM cannot: far below 1
// detail was lost, far above 1 noise was added, near 1 with a low SSIM it moved.
// high_frequency_ratio: luma, mean removed, symmetric Hann window, FFT, power from 0.25 cycles per
// pixel on; candidate / reference. mid_frequency_ratio: power from 0.0625 to 0.25 likewise: blur
// takes more of the high than of the middle frequencies, a change of contrast takes equal shares.
// laplacian_ratio: variance of the Laplacian of four neighbours, inside the picture's outermost
// pixels. _p5 and _p95: percentiles of the same over tiles of 32 x 32, so that blur here and noise
// there do not cancel.
// Unit: none. Range: 0 and up. Identical pictures: 1. Better: nearer to 1. A swapped pair has the
// inverse.
//
// Both powers get a floor, so that two flat pictures have the ratio 1 and none is infinite: per
// pixel 1e-9 squared levels for the whole picture, too little to change a digit that is printed; in
// tiles 1/12, the power of rounding to 8 bits, below which a tile has no detail to lose.
#include <cmath>
#include <numbers>
#include <opencv2/core/utility.hpp>
#include <vector>

#include "metrics/all_metrics.h"
#include "metrics/images.h"
#include "metrics/wide.h"

namespace sameseed {
namespace {

constexpr int kSmallest = 8;
constexpr double kPictureFloor = 1e-9, kTileFloor = 1.0 / 12;
constexpr double kHigh = 0.25, kMiddle = 0.0625;  // cycles per pixel

// The symmetric Hann window and its power.
struct Window {
  explicit Window(int length) : weights(static_cast<std::size_t>(length)) {
    for (int i = 0; i < length; ++i) {
      const double w = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * i / (length - 1));
      weights[static_cast<std::size_t>(i)] = w;
      power += w * w;
    }
  }
  std::vector<double> weights;
  double power = 0;
};

struct Power {
  double high = 0, middle = 0;  // squared levels per pixel
};

Power power_of(const cv::Mat& luma, const Window& across, const Window& down) {
  double sum = 0;
  for (int y = 0; y < luma.rows; ++y)
    for (int x = 0; x < luma.cols; ++x) sum += luma.at<double>(y, x);
  const double mean = sum / static_cast<double>(luma.total());
  cv::Mat windowed(luma.size(), CV_64F), spectrum;
  for (int y = 0; y < luma.rows; ++y) {
    const auto* in = luma.ptr<double>(y);
    auto* out = windowed.ptr<double>(y);
    for (int x = 0; x < luma.cols; ++x)
      out[x] = (in[x] - mean) * across.weights[static_cast<std::size_t>(x)] *
               down.weights[static_cast<std::size_t>(y)];
  }
  cv::dft(windowed, spectrum, cv::DFT_COMPLEX_OUTPUT);
  const auto squared_frequencies = [](int length) {
    std::vector<double> list;
    for (int k = 0; k < length; ++k) {
      const double f = static_cast<double>(k <= length / 2 ? k : length - k) / length;
      list.push_back(f * f);
    }
    return list;
  };
  const std::vector<double> fx = squared_frequencies(luma.cols),
                            fy = squared_frequencies(luma.rows);
  Power power;
  for (int y = 0; y < luma.rows; ++y) {
    const auto* row = spectrum.ptr<cv::Vec2d>(y);
    double high = 0, middle = 0;
    for (int x = 0; x < luma.cols; ++x) {
      const double f = fx[static_cast<std::size_t>(x)] + fy[static_cast<std::size_t>(y)];
      const double p = row[x][0] * row[x][0] + row[x][1] * row[x][1];
      if (f >= kHigh * kHigh)
        high += p;
      else if (f >= kMiddle * kMiddle)
        middle += p;
    }
    power.high += high;
    power.middle += middle;
  }
  const double scale = 1 / (static_cast<double>(luma.total()) * across.power * down.power);
  return {power.high * scale, power.middle * scale};
}

SAMESEED_WIDE void laplacian_row(const double* above, const double* row, const double* below,
                                 int count, double* out) {
  for (int x = 0; x < count; ++x)
    out[x] = above[x] + below[x] + row[x - 1] + row[x + 1] - 4 * row[x];
}

double laplacian_variance(const cv::Mat& luma) {
  const int count = luma.cols - 2;
  std::vector<double> row(static_cast<std::size_t>(count));
  double sum = 0, squares = 0;
  for (int y = 1; y + 1 < luma.rows; ++y) {
    laplacian_row(luma.ptr<double>(y - 1) + 1, luma.ptr<double>(y) + 1, luma.ptr<double>(y + 1) + 1,
                  count, row.data());
    double s = 0, ss = 0;
    for (const double v : row) {
      s += v;
      ss += v * v;
    }
    sum += s;
    squares += ss;
  }
  const double pixels = static_cast<double>(count) * (luma.rows - 2), mean = sum / pixels;
  return std::max(0.0, squares / pixels - mean * mean);
}

double ratio(double candidate, double reference, double floor) {
  return (candidate + floor) / (reference + floor);
}

class Detail final : public Metric {
 public:
  std::vector<Quantity> quantities() const override {
    std::vector<Quantity> list;
    for (const char* name :
         {"detail.high_frequency_ratio", "detail.high_frequency_ratio_p5",
          "detail.high_frequency_ratio_p95", "detail.mid_frequency_ratio", "detail.laplacian_ratio",
          "detail.laplacian_ratio_p5", "detail.laplacian_ratio_p95"})
      list.push_back({name, "", Better::kNearer, 1, /*symmetric=*/false});
    return list;
  }
  std::string definition() const override {
    return "candidate / reference, of luma; frequencies: power in a Hann window, high from 0.25 "
           "cycles per pixel, mid 0.0625 to 0.25, floor 1e-9 per pixel; laplacian: variance over "
           "four neighbours; p5, p95: over tiles of 32x32, floor 1/12";
  }

  Scores score(const cv::Mat& candidate, const cv::Mat& reference) const override {
    check_pair(candidate, reference, kSmallest);
    const cv::Mat a = luma_of(candidate), b = luma_of(reference);
    const Window across(a.cols), down(a.rows), tile_across(std::min(kTile, a.cols)),
        tile_down(std::min(kTile, a.rows));
    Power powers[2];
    double variances[2] = {0, 0};
    cv::parallel_for_(cv::Range(0, 2), [&](cv::Range sides) {
      for (int side = sides.start; side < sides.end; ++side) {
        const cv::Mat& luma = side == 0 ? a : b;
        powers[side] = power_of(luma, across, down);
        variances[side] = laplacian_variance(luma);
      }
    });
    const std::vector<cv::Rect> tiles = tiles_of(a.size());
    std::vector<double> high(tiles.size()), laplacian(tiles.size());
    cv::parallel_for_(cv::Range(0, static_cast<int>(tiles.size())), [&](cv::Range range) {
      for (auto i = static_cast<std::size_t>(range.start); i < static_cast<std::size_t>(range.end);
           ++i) {
        const cv::Mat x = a(tiles[i]), y = b(tiles[i]);
        high[i] = ratio(power_of(x, tile_across, tile_down).high,
                        power_of(y, tile_across, tile_down).high, kTileFloor);
        laplacian[i] = ratio(laplacian_variance(x), laplacian_variance(y), kTileFloor);
      }
    });
    Scores scores;
    const auto place = [&](const char* name, const std::vector<double>& values, bool lowest) {
      const auto at = lowest ? std::min_element(values.begin(), values.end())
                             : std::max_element(values.begin(), values.end());
      const cv::Rect& tile = tiles[static_cast<std::size_t>(at - values.begin())];
      scores.places[name] = {tile.x, tile.y, tile.width, tile.height};
    };
    place("detail.high_frequency_ratio_p5", high, true);
    place("detail.high_frequency_ratio_p95", high, false);
    place("detail.laplacian_ratio_p5", laplacian, true);
    place("detail.laplacian_ratio_p95", laplacian, false);
    scores.values = {ratio(powers[0].high, powers[1].high, kPictureFloor),
                     percentile(high, 0.05),
                     percentile(high, 0.95),
                     ratio(powers[0].middle, powers[1].middle, kPictureFloor),
                     ratio(variances[0], variances[1], kPictureFloor),
                     percentile(laplacian, 0.05),
                     percentile(laplacian, 0.95)};
    return scores;
  }
};

}  // namespace

std::unique_ptr<Metric> make_detail() { return std::make_unique<Detail>(); }

}  // namespace sameseed
