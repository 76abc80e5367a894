// ssim: is the structure the same, window by window? Wang et al. 2004, per channel, mean of R, G
// and B. gaussian: 11 taps, sigma 1.5, population covariance, valid region; equals pytorch-msssim,
// TensorFlow, piq without downsampling, and scikit-image set "to match Wang et al.". uniform7: 7x7,
// sample covariance; scikit-image's default, which OneDiff's and cache-dit's thresholds are written
// in. luma: the gaussian window on grey, 0.299 R + 0.587 G + 0.114 B rounded to 8 bits, as most
// published tables have it. K1 0.01, K2 0.03, range 255, double precision: in float32 flat pictures
// lose up to 2e-4. Range -1 to 1; identical images: 1. Better: higher.
//
// Rows pass through buffers of a few rows: fresh memory for whole planes costs more than
// arithmetic.
#include "metrics/ssim.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <opencv2/core/utility.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "metrics/all_metrics.h"
#include "metrics/images.h"
#include "metrics/wide.h"

namespace sameseed {
namespace {

constexpr double kC1 = (0.01 * 255) * (0.01 * 255), kC2 = (0.03 * 255) * (0.03 * 255);
constexpr int kGaussianTaps = 11, kUniformTaps = 7, kChannels = 3;
constexpr int kMoments = 5;  // of x, y, xx, yy, xy
constexpr int kRowsAtOnce = 32;

using Taps = std::array<double, kGaussianTaps>;
template <class T>
using Rows = std::array<std::vector<T>, kMoments>;

// One row of weighted sums down `taps.size()` rows of pixels; exact products, symmetric taps.
// T is an 8-bit level, or a double where a picture was halved before.
template <class T>
[[gnu::always_inline]] inline void add_up_columns(const T* const* x, const T* const* y,
                                                  const Taps& taps, int width, double* const* out) {
  double *mx = out[0], *my = out[1], *xx = out[2], *yy = out[3], *xy = out[4];
  for (int m = 0; m < kMoments; ++m) std::fill_n(out[m], width, 0.0);
  for (std::size_t t = 0; t < taps.size() / 2 + 1; ++t) {
    const std::size_t other = taps.size() - 1 - t;
    const double weight = t == other ? taps[t] / 2 : taps[t];
    const T *x0 = x[t], *x1 = x[other], *y0 = y[t], *y1 = y[other];
    for (int i = 0; i < width; ++i) {
      mx[i] += weight * (x0[i] + x1[i]);
      my[i] += weight * (y0[i] + y1[i]);
      xx[i] += weight * (x0[i] * x0[i] + x1[i] * x1[i]);
      yy[i] += weight * (y0[i] * y0[i] + y1[i] * y1[i]);
      xy[i] += weight * (x0[i] * y0[i] + x1[i] * y1[i]);
    }
  }
}

SAMESEED_WIDE void gaussian_columns(const std::uint8_t* const* x, const std::uint8_t* const* y,
                                    const Taps& taps, int width, double* const* out) {
  add_up_columns(x, y, taps, width, out);
}

SAMESEED_WIDE void gaussian_columns(const double* const* x, const double* const* y,
                                    const Taps& taps, int width, double* const* out) {
  add_up_columns(x, y, taps, width, out);
}

SAMESEED_WIDE void gaussian_along(const double* in, const Taps& taps, int channels, int count,
                                  double* out) {
  constexpr int kMiddle = kGaussianTaps / 2;
  for (int i = 0; i < count; ++i) {
    double sum = taps[kMiddle] * in[i + channels * kMiddle];
    for (int t = 0; t < kMiddle; ++t)
      sum += taps[static_cast<std::size_t>(t)] *
             (in[i + channels * t] + in[i + channels * (kGaussianTaps - 1 - t)]);
    out[i] = sum;
  }
}

SAMESEED_WIDE void uniform_columns(const std::uint8_t* const* x, const std::uint8_t* const* y,
                                   int width, int* const* out) {
  int *mx = out[0], *my = out[1], *xx = out[2], *yy = out[3], *xy = out[4];
  for (int m = 0; m < kMoments; ++m) std::fill_n(out[m], width, 0);
  for (int t = 0; t < kUniformTaps; ++t) {
    const std::uint8_t *px = x[t], *py = y[t];
    for (int i = 0; i < width; ++i) {
      mx[i] += px[i];
      my[i] += py[i];
      xx[i] += px[i] * px[i];
      yy[i] += py[i] * py[i];
      xy[i] += px[i] * py[i];
    }
  }
}

SAMESEED_WIDE void uniform_along(const int* in, int channels, int count, double* out) {
  for (int i = 0; i < count; ++i) {
    int sum = 0;
    for (int t = 0; t < kUniformTaps; ++t) sum += in[i + channels * t];
    out[i] = sum / static_cast<double>(kUniformTaps * kUniformTaps);
  }
}

SAMESEED_WIDE void ssim_of_moments(const double* const* moments, double covariance_scale, int count,
                                   double* out) {
  const double *mx = moments[0], *my = moments[1], *xx = moments[2], *yy = moments[3],
               *xy = moments[4];
  for (int i = 0; i < count; ++i) {
    const double vx = covariance_scale * (xx[i] - mx[i] * mx[i]);
    const double vy = covariance_scale * (yy[i] - my[i] * my[i]);
    const double vxy = covariance_scale * (xy[i] - mx[i] * my[i]);
    out[i] = ((2 * mx[i] * my[i] + kC1) * (2 * vxy + kC2)) /
             ((mx[i] * mx[i] + my[i] * my[i] + kC1) * (vx + vy + kC2));
  }
}

// The second factor of the above alone: contrast and structure.
SAMESEED_WIDE void contrast_of_moments(const double* const* moments, int count, double* out) {
  const double *mx = moments[0], *my = moments[1], *xx = moments[2], *yy = moments[3],
               *xy = moments[4];
  for (int i = 0; i < count; ++i)
    out[i] = (2 * (xy[i] - mx[i] * my[i]) + kC2) /
             ((xx[i] - mx[i] * mx[i]) + (yy[i] - my[i] * my[i]) + kC2);
}

template <class T>
std::array<T*, kMoments> pointers(Rows<T>& rows) {
  std::array<T*, kMoments> result{};
  for (std::size_t m = 0; m < kMoments; ++m) result[m] = rows[m].data();
  return result;
}

// Of one channel or more: mean SSIM over the valid region; `map`, where given, receives every
// window's mean over channels.
template <class Sum, class Columns, class Along>
double mean_ssim(const cv::Mat& candidate, const cv::Mat& reference, int taps,
                 double covariance_scale, Columns columns, Along along, cv::Mat* map) {
  const int rows = candidate.rows - taps + 1, windows = candidate.cols - taps + 1;
  const int channels = candidate.channels();
  const int width = candidate.cols * channels, count = windows * channels;
  if (map) map->create(rows, windows, CV_32F);
  std::vector<double> sums(static_cast<std::size_t>(rows));  // apart, so that threads change no bit
  cv::parallel_for_(cv::Range(0, (rows + kRowsAtOnce - 1) / kRowsAtOnce), [&](cv::Range strips) {
    Rows<Sum> down;
    Rows<double> moments;
    for (auto& row : down) row.resize(static_cast<std::size_t>(width));
    for (auto& row : moments) row.resize(static_cast<std::size_t>(count));
    const auto down_at = pointers(down);
    const auto moments_at = pointers(moments);
    std::vector<double> values(static_cast<std::size_t>(count));
    std::array<const std::uint8_t*, kGaussianTaps> x{}, y{};
    const int end = std::min(rows, strips.end * kRowsAtOnce);
    for (int row = strips.start * kRowsAtOnce; row < end; ++row) {
      for (int t = 0; t < taps; ++t) {
        x[static_cast<std::size_t>(t)] = candidate.ptr(row + t);
        y[static_cast<std::size_t>(t)] = reference.ptr(row + t);
      }
      columns(x.data(), y.data(), width, down_at.data());
      for (std::size_t m = 0; m < kMoments; ++m) along(down_at[m], channels, count, moments_at[m]);
      ssim_of_moments(moments_at.data(), covariance_scale, count, values.data());
      double sum = 0;
      for (int i = 0; i < windows; ++i) {
        const double* at = values.data() + channels * i;
        const double mean = std::accumulate(at, at + channels, 0.0) / channels;
        if (map) map->at<float>(row, i) = static_cast<float>(mean);
        sum += mean;
      }
      sums[static_cast<std::size_t>(row)] = sum;
    }
  });
  // A true division: cv::mean multiplies by a rounded reciprocal, and 1 would not stay 1.
  return std::accumulate(sums.begin(), sums.end(), 0.0) / (static_cast<double>(rows) * windows);
}

Taps gaussian_taps() {
  Taps taps{};
  cv::getGaussianKernel(kGaussianTaps, 1.5, CV_64F)
      .copyTo(cv::Mat(kGaussianTaps, 1, CV_64F, taps.data()));
  return taps;
}

template <class T>
ChannelSsim channel_ssim_of(const cv::Mat& candidate, const cv::Mat& reference) {
  const Taps taps = gaussian_taps();
  const int rows = candidate.rows - kGaussianTaps + 1, windows = candidate.cols - kGaussianTaps + 1;
  const int width = candidate.cols * kChannels, count = windows * kChannels;
  std::vector<ChannelSsim> sums(static_cast<std::size_t>(rows));
  cv::parallel_for_(cv::Range(0, rows), [&](cv::Range range) {
    Rows<double> down, moments;
    for (auto& row : down) row.resize(static_cast<std::size_t>(width));
    for (auto& row : moments) row.resize(static_cast<std::size_t>(count));
    const auto down_at = pointers(down), moments_at = pointers(moments);
    std::vector<double> ssim(static_cast<std::size_t>(count)), contrast(ssim.size());
    std::array<const T*, kGaussianTaps> x{}, y{};
    for (int row = range.start; row < range.end; ++row) {
      for (int t = 0; t < kGaussianTaps; ++t) {
        x[static_cast<std::size_t>(t)] = candidate.ptr<T>(row + t);
        y[static_cast<std::size_t>(t)] = reference.ptr<T>(row + t);
      }
      gaussian_columns(x.data(), y.data(), taps, width, down_at.data());
      for (std::size_t m = 0; m < kMoments; ++m)
        gaussian_along(down_at[m], taps, kChannels, count, moments_at[m]);
      ssim_of_moments(moments_at.data(), 1.0, count, ssim.data());
      contrast_of_moments(moments_at.data(), count, contrast.data());
      ChannelSsim& sum = sums[static_cast<std::size_t>(row)];
      for (std::size_t i = 0; i < ssim.size(); ++i) {
        sum.ssim[i % kChannels] += ssim[i];
        sum.contrast[i % kChannels] += contrast[i];
      }
    }
  });
  ChannelSsim means;
  for (std::size_t c = 0; c < kChannels; ++c) {
    for (const ChannelSsim& sum : sums) {
      means.ssim[c] += sum.ssim[c];
      means.contrast[c] += sum.contrast[c];
    }
    means.ssim[c] /= static_cast<double>(rows) * windows;
    means.contrast[c] /= static_cast<double>(rows) * windows;
  }
  return means;
}

cv::Mat rounded_luma(const cv::Mat& picture) {
  cv::Mat rounded;
  luma_of(picture).convertTo(rounded, CV_8U);
  return rounded;
}

class Ssim final : public Metric {
 public:
  std::vector<Quantity> quantities() const override {
    return {{"ssim.gaussian", "", Better::kHigher, 1},
            {"ssim.uniform7", "", Better::kHigher, 1},
            {"ssim.luma", "", Better::kHigher, 1}};
  }
  std::string definition() const override {
    return "Wang 2004 per channel, mean of R, G, B; K1 .01, K2 .03, range 255, valid region; "
           "gaussian: 11 taps, sigma 1.5, "
           "population covariance; uniform7: 7x7, sample covariance; luma: gaussian, of Rec. 601 "
           "luma "
           "rounded to 8 bits";
  }

  Scores score(const cv::Mat& candidate, const cv::Mat& reference) const override {
    check_pair(candidate, reference);
    const int side = std::min(candidate.rows, candidate.cols);
    Scores scores{.values = std::vector(3, std::numeric_limits<double>::quiet_NaN())};
    if (side >= kGaussianTaps) {
      scores.values[0] = ssim_gaussian(candidate, reference, &scores.map);
      scores.values[2] = ssim_gaussian(rounded_luma(candidate), rounded_luma(reference));
    } else {
      scores.absent["ssim.gaussian"] = too_small(kGaussianTaps);
      scores.absent["ssim.luma"] = too_small(kGaussianTaps);
    }
    if (side >= kUniformTaps)
      scores.values[1] = ssim_uniform7(candidate, reference);
    else
      scores.absent["ssim.uniform7"] = too_small(kUniformTaps);
    return scores;
  }
};

}  // namespace

double ssim_gaussian(const cv::Mat& candidate, const cv::Mat& reference, cv::Mat* map) {
  const Taps taps = gaussian_taps();
  return mean_ssim<double>(
      candidate, reference, kGaussianTaps, 1.0,
      [&](auto x, auto y, int width, auto out) { gaussian_columns(x, y, taps, width, out); },
      [&](auto in, int channels, int count, auto out) {
        gaussian_along(in, taps, channels, count, out);
      },
      map);
}

double ssim_uniform7(const cv::Mat& candidate, const cv::Mat& reference, cv::Mat* map) {
  constexpr double kSamples = kUniformTaps * kUniformTaps;
  return mean_ssim<int>(candidate, reference, kUniformTaps, kSamples / (kSamples - 1),
                        uniform_columns, uniform_along, map);
}

ChannelSsim channel_ssim(const cv::Mat& candidate, const cv::Mat& reference) {
  return candidate.type() == CV_8UC3 ? channel_ssim_of<std::uint8_t>(candidate, reference)
                                     : channel_ssim_of<double>(candidate, reference);
}

std::unique_ptr<Metric> make_ssim() { return std::make_unique<Ssim>(); }

}  // namespace sameseed
