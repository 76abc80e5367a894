#include "io/enhance.h"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace sameseed {
namespace {

constexpr double kSigma = 1.0, kAmount = 0.5;    // of the unsharp mask
constexpr double kGain = 1.1, kMidGrey = 127.5;  // of the contrast

void enhance(cv::Mat picture, std::string_view name) {
  if (name == "unsharp") {
    cv::Mat blurred;
    // Isolated: the neighbours of a part of a larger image are not looked at.
    cv::GaussianBlur(picture, blurred, {}, kSigma, kSigma,
                     cv::BORDER_REFLECT_101 | cv::BORDER_ISOLATED);
    cv::addWeighted(picture, 1 + kAmount, blurred, -kAmount, 0, picture);
  } else if (name == "contrast") {
    picture.convertTo(picture, CV_8U, kGain, (1 - kGain) * kMidGrey);
  } else {
    throw std::logic_error("there is no such enhancement");
  }
}

}  // namespace

Image enhanced(const Image& image, std::string_view name, int batch) {
  Image result = image;
  cv::Mat stacked(image.height, image.width, CV_8UC3, result.rgb.data());
  const int height = image.height / batch;
  for (int i = 0; i < batch; ++i) enhance(stacked.rowRange(i * height, (i + 1) * height), name);
  return result;
}

}  // namespace sameseed
