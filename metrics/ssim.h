// The two windows of SSIM, each alone; their definitions stand in ssim.cc.
#pragma once

#include <opencv2/core/mat.hpp>

namespace sameseed {

// Mean over all windows and channels of two 8-bit RGB images of equal size, at least 11x11.
// `map`, where given, receives each window's mean over the channels (CV_32F).
double ssim_gaussian(const cv::Mat& candidate, const cv::Mat& reference, cv::Mat* map = nullptr);
double ssim_uniform7(const cv::Mat& candidate, const cv::Mat& reference, cv::Mat* map = nullptr);

}  // namespace sameseed
