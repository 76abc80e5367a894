// Spectra of luma in a Hann window, and what three bands of two spectra have in common.
#pragma once

#include <opencv2/core/mat.hpp>
#include <vector>

namespace sameseed {

// The symmetric Hann window and its power.
struct HannWindow {
  explicit HannWindow(int length);
  std::vector<double> weights;
  double power = 0;
};

// Of luma (CV_64F) less its mean, in the window: CV_64FC2, of luma's size.
cv::Mat hann_spectrum(const cv::Mat& luma, const HannWindow& across, const HannWindow& down);

// Squared levels per pixel.
struct BandPower {
  double candidate = 0, reference = 0;
  double common = 0;  // the real part of the cross spectrum: what both have, in the same place
};

// Cycles per pixel: low from 2.5 a side to 0.0625, middle from there to 0.25, high all above.
struct Bands {
  BandPower low, middle, high;
};

Bands bands_of(const cv::Mat& candidate, const cv::Mat& reference, const HannWindow& across,
               const HannWindow& down);

// The high band of one picture alone.
double high_power(const cv::Mat& spectrum, const HannWindow& across, const HannWindow& down);

}  // namespace sameseed
