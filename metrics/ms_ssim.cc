// ms_ssim: is the structure the same, from fine to coarse? Wang et al. 2003: over five scales, each
// half the one before, contrast-structure at the first four and SSIM at the last, clamped at 0,
// raised to .0448 .2856 .3001 .2363 .1333 and multiplied, per channel; then the mean of R, G and B,
// as TensorFlow, pytorch-msssim and piq have it. Window and constants as ssim.gaussian; halves are
// means of 2 x 2 pixels, the last row or column of an odd side repeated as TensorFlow does. Hides
// the loss of fine detail: see detail.
// Range 0 to 1; identical pictures: 1. Better: higher. Needs 161 pixels a side.
#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core/utility.hpp>

#include "metrics/all_metrics.h"
#include "metrics/images.h"
#include "metrics/ssim.h"

namespace sameseed {
namespace {

constexpr std::array<double, 5> kWeights = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};
constexpr int kSmallest = 161;  // so that the last scale holds a window of 11

template <class T>
cv::Mat halved(const cv::Mat& picture) {
  cv::Mat half((picture.rows + 1) / 2, (picture.cols + 1) / 2, CV_64FC3);
  cv::parallel_for_(cv::Range(0, half.rows), [&](cv::Range rows) {
    for (int y = rows.start; y < rows.end; ++y) {
      const T* upper = picture.ptr<T>(2 * y);
      const T* lower = picture.ptr<T>(std::min(2 * y + 1, picture.rows - 1));
      auto* out = half.ptr<double>(y);
      for (int x = 0; x < half.cols; ++x) {
        const int left = 6 * x, right = 3 * std::min(2 * x + 1, picture.cols - 1);
        for (int c = 0; c < 3; ++c)
          out[3 * x + c] =
              (upper[left + c] + upper[right + c] + lower[left + c] + lower[right + c]) / 4.0;
      }
    }
  });
  return half;
}

class MsSsim final : public Metric {
 public:
  std::vector<Quantity> quantities() const override {
    return {{"ms_ssim", "", Better::kHigher, 1}};
  }
  std::string definition() const override {
    return "Wang 2003: 5 scales, weights .0448 .2856 .3001 .2363 .1333, clamped at 0, product per "
           "channel, then the mean; window as ssim.gaussian; odd sides: last pixel repeated";
  }

  Scores score(const cv::Mat& candidate, const cv::Mat& reference) const override {
    check_pair(candidate, reference, kSmallest);
    std::array<double, 3> products = {1, 1, 1};
    cv::Mat a = candidate, b = reference;
    for (std::size_t scale = 0; scale < kWeights.size(); ++scale) {
      const ChannelSsim means = channel_ssim(a, b);
      const bool last = scale + 1 == kWeights.size();
      for (std::size_t c = 0; c < products.size(); ++c)
        products[c] *=
            std::pow(std::max(0.0, last ? means.ssim[c] : means.contrast[c]), kWeights[scale]);
      if (last) break;
      a = scale == 0 ? halved<std::uint8_t>(a) : halved<double>(a);
      b = scale == 0 ? halved<std::uint8_t>(b) : halved<double>(b);
    }
    return {.values = {(products[0] + products[1] + products[2]) / 3}};
  }
};

}  // namespace

std::unique_ptr<Metric> make_ms_ssim() { return std::make_unique<MsSsim>(); }

}  // namespace sameseed
