// ssim: is the structure the same, window by window? Wang et al. 2004, per channel, mean of R, G
// and B. gaussian: 11 taps, sigma 1.5, population covariance, valid region; equals pytorch-msssim,
// TensorFlow, piq without downsampling, and scikit-image set "to match Wang et al.". uniform7: 7x7,
// sample covariance; scikit-image's default, which OneDiff's and cache-dit's thresholds are written
// in. K1 0.01, K2 0.03, range 255, double precision: in float32 flat pictures lose up to 2e-4.
// Range -1 to 1; identical images: 1. Better: higher.
#include <opencv2/imgproc.hpp>

#include "metrics/all_metrics.h"
#include "metrics/images.h"

namespace sameseed {
namespace {

constexpr double kC1 = (0.01 * 255) * (0.01 * 255), kC2 = (0.03 * 255) * (0.03 * 255);
constexpr int kGaussianTaps = 11, kUniformTaps = 7;

struct Window {
  cv::Mat taps;             // one-dimensional; the window is their outer product
  double covariance_scale;  // N / (N - 1) for the sample covariance
};

cv::Mat smooth(const cv::Mat& image, const Window& window) {
  cv::Mat result;
  cv::sepFilter2D(image, result, CV_64F, window.taps, window.taps);
  const int margin = window.taps.rows / 2;
  return result(cv::Rect(margin, margin, image.cols - 2 * margin, image.rows - 2 * margin));
}

// SSIM in every window of the valid region, mean over the channels.
cv::Mat ssim_map(const cv::Mat& candidate, const cv::Mat& reference, const Window& window) {
  std::vector<cv::Mat> a, b;
  cv::split(candidate, a);
  cv::split(reference, b);
  cv::Mat total;
  for (std::size_t c = 0; c < 3; ++c) {
    cv::Mat x, y;
    a[c].convertTo(x, CV_64F);
    b[c].convertTo(y, CV_64F);
    const cv::Mat mx = smooth(x, window), my = smooth(y, window);
    const cv::Mat xx = smooth(x.mul(x), window), yy = smooth(y.mul(y), window),
                  xy = smooth(x.mul(y), window);
    cv::Mat map(mx.size(), CV_64F);
    for (int row = 0; row < map.rows; ++row) {
      const auto *pmx = mx.ptr<double>(row), *pmy = my.ptr<double>(row);
      const auto *pxx = xx.ptr<double>(row), *pyy = yy.ptr<double>(row), *pxy = xy.ptr<double>(row);
      auto* out = map.ptr<double>(row);
      for (int i = 0; i < map.cols; ++i) {
        const double vx = window.covariance_scale * (pxx[i] - pmx[i] * pmx[i]);
        const double vy = window.covariance_scale * (pyy[i] - pmy[i] * pmy[i]);
        const double vxy = window.covariance_scale * (pxy[i] - pmx[i] * pmy[i]);
        out[i] = ((2 * pmx[i] * pmy[i] + kC1) * (2 * vxy + kC2)) /
                 ((pmx[i] * pmx[i] + pmy[i] * pmy[i] + kC1) * (vx + vy + kC2));
      }
    }
    total = total.empty() ? map : cv::Mat(total + map);
  }
  // A true division: OpenCV's own multiplies by a rounded third.
  for (int row = 0; row < total.rows; ++row)
    for (int i = 0; i < total.cols; ++i) total.at<double>(row, i) /= 3;
  return total;
}

// A true division: cv::mean multiplies by a rounded reciprocal, and identical pictures would not
// score 1.
double mean(const cv::Mat& map) { return cv::sum(map)[0] / static_cast<double>(map.total()); }

class Ssim final : public Metric {
 public:
  std::vector<Quantity> quantities() const override {
    return {{"ssim.gaussian", "", Better::kHigher, 1}, {"ssim.uniform7", "", Better::kHigher, 1}};
  }
  std::string definition() const override {
    return "Wang 2004 per channel, mean of R, G, B; K1 .01, K2 .03, range 255, valid region; "
           "gaussian: 11 taps, sigma 1.5, "
           "population covariance; uniform7: 7x7, sample covariance";
  }

  Scores score(const cv::Mat& candidate, const cv::Mat& reference) const override {
    check_pair(candidate, reference, kGaussianTaps);
    const Window gaussian{cv::getGaussianKernel(kGaussianTaps, 1.5, CV_64F), 1.0};
    const double samples = kUniformTaps * kUniformTaps;
    const Window uniform{cv::Mat(kUniformTaps, 1, CV_64F, cv::Scalar(1.0 / kUniformTaps)),
                         samples / (samples - 1)};
    Scores scores;
    scores.map = ssim_map(candidate, reference, gaussian);
    scores.values = {mean(scores.map), mean(ssim_map(candidate, reference, uniform))};
    scores.map.convertTo(scores.map, CV_32F);
    return scores;
  }
};

}  // namespace

std::unique_ptr<Metric> make_ssim() { return std::make_unique<Ssim>(); }

}  // namespace sameseed
