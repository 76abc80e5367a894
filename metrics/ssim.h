// The two windows of SSIM, each alone; their definitions stand in ssim.cc.
#pragma once

#include <array>
#include <opencv2/core/mat.hpp>

namespace sameseed {

// Mean over all windows and channels of two 8-bit images of equal size and channels, at least 11x11
// for the first and 7x7 for the second.
// `map`, where given, receives each window's mean over the channels (CV_32F).
double ssim_gaussian(const cv::Mat& candidate, const cv::Mat& reference, cv::Mat* map = nullptr);
double ssim_uniform7(const cv::Mat& candidate, const cv::Mat& reference, cv::Mat* map = nullptr);

// Means over the valid region, channel by channel: what ms_ssim is made of.
struct ChannelSsim {
  std::array<double, 3> ssim{}, contrast{};
};

// As ssim_gaussian; CV_8UC3 or CV_64FC3, levels 0 to 255.
ChannelSsim channel_ssim(const cv::Mat& candidate, const cv::Mat& reference);

}  // namespace sameseed
