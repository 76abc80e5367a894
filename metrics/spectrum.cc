#include "metrics/spectrum.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/core.hpp>

namespace sameseed {
namespace {

constexpr double kHighFrom = 0.25, kMiddleFrom = 0.0625, kLowFromCycles = 2.5;

std::vector<double> squared_frequencies(int length) {
  std::vector<double> list;
  for (int k = 0; k < length; ++k) {
    const double f = static_cast<double>(k <= length / 2 ? k : length - k) / length;
    list.push_back(f * f);
  }
  return list;
}

double per_pixel(const cv::Mat& spectrum, const HannWindow& across, const HannWindow& down) {
  return 1 / (static_cast<double>(spectrum.total()) * across.power * down.power);
}

void scale(BandPower& band, double factor) {
  band.candidate *= factor;
  band.reference *= factor;
  band.common *= factor;
}

}  // namespace

HannWindow::HannWindow(int length) : weights(static_cast<std::size_t>(length)) {
  for (int i = 0; i < length; ++i) {
    const double w = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * i / (length - 1));
    weights[static_cast<std::size_t>(i)] = w;
    power += w * w;
  }
}

cv::Mat hann_spectrum(const cv::Mat& luma, const HannWindow& across, const HannWindow& down) {
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
  return spectrum;
}

Bands bands_of(const cv::Mat& candidate, const cv::Mat& reference, const HannWindow& across,
               const HannWindow& down) {
  const std::vector<double> fx = squared_frequencies(reference.cols),
                            fy = squared_frequencies(reference.rows);
  const double lowest = kLowFromCycles / std::min(reference.cols, reference.rows);
  Bands bands;
  for (int y = 0; y < reference.rows; ++y) {
    const auto *a = candidate.ptr<cv::Vec2d>(y), *b = reference.ptr<cv::Vec2d>(y);
    BandPower low, middle, high;  // of a row: long sums lose digits
    for (int x = 0; x < reference.cols; ++x) {
      const double f = fx[static_cast<std::size_t>(x)] + fy[static_cast<std::size_t>(y)];
      if (f < lowest * lowest) continue;
      BandPower& band = f >= kHighFrom * kHighFrom       ? high
                        : f >= kMiddleFrom * kMiddleFrom ? middle
                                                         : low;
      band.candidate += a[x][0] * a[x][0] + a[x][1] * a[x][1];
      band.reference += b[x][0] * b[x][0] + b[x][1] * b[x][1];
      band.common += a[x][0] * b[x][0] + a[x][1] * b[x][1];
    }
    for (const auto& [sum, row] :
         {std::pair(&bands.low, &low), {&bands.middle, &middle}, {&bands.high, &high}}) {
      sum->candidate += row->candidate;
      sum->reference += row->reference;
      sum->common += row->common;
    }
  }
  for (BandPower* band : {&bands.low, &bands.middle, &bands.high})
    scale(*band, per_pixel(reference, across, down));
  return bands;
}

double high_power(const cv::Mat& spectrum, const HannWindow& across, const HannWindow& down) {
  const std::vector<double> fx = squared_frequencies(spectrum.cols),
                            fy = squared_frequencies(spectrum.rows);
  double power = 0;
  for (int y = 0; y < spectrum.rows; ++y) {
    const auto* row = spectrum.ptr<cv::Vec2d>(y);
    double sum = 0;
    for (int x = 0; x < spectrum.cols; ++x)
      if (fx[static_cast<std::size_t>(x)] + fy[static_cast<std::size_t>(y)] >=
          kHighFrom * kHighFrom)
        sum += row[x][0] * row[x][0] + row[x][1] * row[x][1];
    power += sum;
  }
  return power * per_pixel(spectrum, across, down);
}

}  // namespace sameseed
