// Has the picture moved, as a whole or place by place, and how far?
#pragma once

#include <opencv2/core/mat.hpp>

namespace sameseed {

// The best shift of the candidate's content against the reference's, right and down.
struct WholeShift {
  double share = 0;  // of the squared error, what the shift explains, where both pictures overlap
  double x = 0, y = 0;  // pixels, in parts of a pixel
};

// By phase correlation over the whole picture (C. D. Kuglin, D. C. Hines, 1975), then by least
// squares (B. D. Lucas, T. Kanade, 1981) to parts of a pixel. Luma, CV_64F, 16 pixels a side at
// least. One factor and one offset of the luma are fitted before errors are compared, so that a
// lighter picture can be displaced as well.
WholeShift whole_shift(const cv::Mat& candidate, const cv::Mat& reference);

// What moving every place by its own, slowly changing step explains.
struct Warp {
  double share = 0;   // of the squared error of luma less its means around each pixel
  double pixels = 0;  // how far most places moved: the median
  double spread = 0;  // how far steps are from their mean, root mean square, in pixels
};

// Lucas and Kanade from coarse to fine, in windows of 21 pixels. Luma, CV_64F; pictures above 640
// pixels are halved.
Warp warp_between(const cv::Mat& candidate, const cv::Mat& reference);

}  // namespace sameseed
