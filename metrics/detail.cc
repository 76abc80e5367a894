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
// bands: what of the reference is there, and in its place? A ratio of powers cannot tell what was
// kept from what was put there instead. gain_low, _mid, _high: real part of the cross spectrum over
// the reference's power, in the bands above (low: 2.5 periods a side to 0.0625 cycles per pixel): 1
// where all is kept whatever was added, 0 where nothing is, -1 for a negative. coherence_*: the
// same over the root of both powers, -1 to 1. power_low: candidate / reference. rest_high: the
// candidate's part that is not coherent, in levels; identical pictures: 0, all else 1.
//
// Both powers get a floor, so that two flat pictures have the ratio 1 and none is infinite: per
// pixel 1e-9 squared levels for the whole picture, too little to change a digit that is printed; in
// tiles 1/12, the power of rounding to 8 bits, below which a tile has no detail to lose.
#include <cmath>
#include <opencv2/core/utility.hpp>
#include <vector>

#include "metrics/all_metrics.h"
#include "metrics/images.h"
#include "metrics/spectrum.h"
#include "metrics/wide.h"

namespace sameseed {
namespace {

constexpr int kSmallest = 8;
constexpr double kPictureFloor = 1e-9, kTileFloor = 1.0 / 12;

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

double gain(const BandPower& band) {
  return (band.common + kPictureFloor) / (band.reference + kPictureFloor);
}

double coherence(const BandPower& band) {
  return (band.common + kPictureFloor) /
         std::sqrt((band.candidate + kPictureFloor) * (band.reference + kPictureFloor));
}

// What the candidate has beside the reference's own, in levels.
double rest(const BandPower& band) {
  if (band.reference <= 0) return std::sqrt(std::max(0.0, band.candidate));
  return std::sqrt(std::max(0.0, band.candidate - band.common * (band.common / band.reference)));
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
    list.push_back({"bands.power_low", "", Better::kNearer, 1, /*symmetric=*/false});
    for (const char* name : {"bands.gain_low", "bands.gain_mid", "bands.gain_high"})
      list.push_back({name, "", Better::kNearer, 1, /*symmetric=*/false});
    for (const char* name : {"bands.coherence_low", "bands.coherence_mid", "bands.coherence_high"})
      list.push_back({name, "", Better::kHigher, 1});
    list.push_back({"bands.rest_high", "levels", Better::kLower, 0, /*symmetric=*/false});
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
    const HannWindow across(a.cols), down(a.rows), tile_across(std::min(kTile, a.cols)),
        tile_down(std::min(kTile, a.rows));
    cv::Mat spectra[2];
    double variances[2] = {0, 0};
    cv::parallel_for_(cv::Range(0, 2), [&](cv::Range sides) {
      for (int side = sides.start; side < sides.end; ++side) {
        const cv::Mat& luma = side == 0 ? a : b;
        spectra[side] = hann_spectrum(luma, across, down);
        variances[side] = laplacian_variance(luma);
      }
    });
    const std::vector<cv::Rect> tiles = tiles_of(a.size());
    std::vector<double> high(tiles.size()), laplacian(tiles.size());
    cv::parallel_for_(cv::Range(0, static_cast<int>(tiles.size())), [&](cv::Range range) {
      for (auto i = static_cast<std::size_t>(range.start); i < static_cast<std::size_t>(range.end);
           ++i) {
        const cv::Mat x = a(tiles[i]), y = b(tiles[i]);
        const auto high_of = [&](const cv::Mat& tile) {
          return high_power(hann_spectrum(tile, tile_across, tile_down), tile_across, tile_down);
        };
        high[i] = ratio(high_of(x), high_of(y), kTileFloor);
        laplacian[i] = ratio(laplacian_variance(x), laplacian_variance(y), kTileFloor);
      }
    });
    const Bands bands = bands_of(spectra[0], spectra[1], across, down);
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
    scores.values = {ratio(bands.high.candidate, bands.high.reference, kPictureFloor),
                     percentile(high, 0.05),
                     percentile(high, 0.95),
                     ratio(bands.middle.candidate, bands.middle.reference, kPictureFloor),
                     ratio(variances[0], variances[1], kPictureFloor),
                     percentile(laplacian, 0.05),
                     percentile(laplacian, 0.95),
                     ratio(bands.low.candidate, bands.low.reference, kPictureFloor),
                     gain(bands.low),
                     gain(bands.middle),
                     gain(bands.high),
                     coherence(bands.low),
                     coherence(bands.middle),
                     coherence(bands.high),
                     rest(bands.high)};
    return scores;
  }
};

}  // namespace

std::unique_ptr<Metric> make_detail() { return std::make_unique<Detail>(); }

}  // namespace sameseed
