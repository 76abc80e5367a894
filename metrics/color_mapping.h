// One mapping of colours, the same everywhere: what a cast, a gamma or less saturation are.
#pragma once

#include <array>
#include <opencv2/core/mat.hpp>

namespace sameseed {

// RGB to what is added to each channel, of second order.
struct ColorMapping {
  static constexpr std::size_t kTerms = 10;
  std::array<std::array<double, 3>, kTerms> change{};
  // Where the mapping puts a colour; levels, 0 to 255.
  cv::Vec3d operator()(double red, double green, double blue) const;
};

// Means over 8 x 8 pixels, where neither blur nor noise shows: CV_32FC3. What is left at the right
// and lower border is left out.
cv::Mat block_means(const cv::Mat& picture);

// By least squares with a ridge, of block means.
ColorMapping fitted_mapping(const cv::Mat& candidate_means, const cv::Mat& reference_means);

// Of the squared error of two pictures (CV_8UC3 or CV_32FC3), the share that the mapping explains.
double explained_share(const ColorMapping& mapping, const cv::Mat& candidate,
                       const cv::Mat& reference);

// The candidate (CV_8UC3) less where the mapping puts the reference: CV_32FC3.
cv::Mat rest_of_mapping(const ColorMapping& mapping, const cv::Mat& candidate,
                        const cv::Mat& reference);

}  // namespace sameseed
