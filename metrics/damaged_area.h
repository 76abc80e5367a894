// The smallest part of the picture that holds nearly all of the error, and what was done there.
#pragma once

#include <opencv2/core/mat.hpp>

#include "metrics/metric.h"

namespace sameseed {

struct DamagedArea {
  double share = 0;         // of the picture: its blocks of 8 x 8
  double detail_share = 0;  // of the reference's squared gradients
  double together = 1;      // of the eight neighbours of its blocks, those that belong to it, mean
  double outside = 0;       // mean squared error more than two blocks away over that within
  // Squared gradients, candidate / reference, below which a quarter of its blocks are: a patch of
  // one colour has none in many.
  double energy_low = 1;
  double roughness = 0;    // squared steps from pixel to pixel over twice the variance, of the
                           // candidate's median block: 1 for noise, less for what has shapes
  double correlation = 1;  // of both lumas there, -1 to 1
  Place frame{};           // of the blocks; no width where the pictures are equal
};

// 8-bit RGB of one size, and their lumas (CV_64F).
DamagedArea damaged_area(const cv::Mat& candidate, const cv::Mat& reference,
                         const cv::Mat& candidate_luma, const cv::Mat& reference_luma);

}  // namespace sameseed
