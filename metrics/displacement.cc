#include "metrics/displacement.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace sameseed {
namespace {

constexpr int kLargest = 640;  // pixels a side that are looked at
constexpr int kWindow = 21, kMeans = 17;

// Halved until it fits; `factor` receives how much smaller it is.
cv::Mat reduced(const cv::Mat& luma, double& factor) {
  cv::Mat result;
  luma.convertTo(result, CV_32F);
  for (factor = 1; std::max(result.cols, result.rows) > kLargest; factor *= 2)
    cv::resize(result, result, {}, 0.5, 0.5, cv::INTER_AREA);
  return result;
}

cv::Mat windowed(const cv::Mat& luma) {
  cv::Mat window, result;
  cv::createHanningWindow(window, luma.size(), CV_32F);
  cv::multiply(luma - cv::mean(luma)[0], window, result);
  return result;
}

// Whole pixels, by the peak of the normalised cross spectrum.
cv::Point correlation_peak(const cv::Mat& candidate, const cv::Mat& reference) {
  const cv::Size size(cv::getOptimalDFTSize(reference.cols), cv::getOptimalDFTSize(reference.rows));
  const auto spectrum = [&](const cv::Mat& luma) {
    cv::Mat padded, result;
    cv::copyMakeBorder(windowed(luma), padded, 0, size.height - luma.rows, 0,
                       size.width - luma.cols, cv::BORDER_CONSTANT, 0);
    cv::dft(padded, result, cv::DFT_COMPLEX_OUTPUT);
    return result;
  };
  cv::Mat cross, correlation;
  cv::mulSpectrums(spectrum(candidate), spectrum(reference), cross, 0, /*conjB=*/true);
  for (int y = 0; y < cross.rows; ++y) {
    auto* row = cross.ptr<cv::Vec2f>(y);
    for (int x = 0; x < cross.cols; ++x) row[x] /= std::hypot(row[x][0], row[x][1]) + 1e-3f;
  }
  cv::dft(cross, correlation, cv::DFT_INVERSE | cv::DFT_REAL_OUTPUT);
  cv::Point peak;
  cv::minMaxLoc(correlation, nullptr, nullptr, nullptr, &peak);
  if (peak.x > size.width / 2) peak.x -= size.width;
  if (peak.y > size.height / 2) peak.y -= size.height;
  return peak;
}

// The part of the candidate that still shows the reference after the shift.
cv::Rect overlap(cv::Size size, double x, double y) {
  const int left = std::max(0, static_cast<int>(std::ceil(x))) + 2,
            right = size.width + std::min(0, static_cast<int>(std::floor(x))) - 2,
            top = std::max(0, static_cast<int>(std::ceil(y))) + 2,
            bottom = size.height + std::min(0, static_cast<int>(std::floor(y))) - 2;
  return {left, top, std::max(0, right - left), std::max(0, bottom - top)};
}

cv::Mat shifted(const cv::Mat& luma, double x, double y) {
  cv::Mat result;
  cv::warpAffine(luma, result, cv::Matx23d(1, 0, x, 0, 1, y), luma.size(), cv::INTER_CUBIC,
                 cv::BORDER_REPLICATE);
  return result;
}

// Of the squares that one factor and one offset of `to` leave of `from`, per pixel.
double error_between(const cv::Mat& from, const cv::Mat& to) {
  double s = 0, t = 0, ss = 0, tt = 0, st = 0;
  for (int y = 0; y < from.rows; ++y) {
    const auto *a = from.ptr<float>(y), *b = to.ptr<float>(y);
    for (int x = 0; x < from.cols; ++x) {
      s += a[x];
      t += b[x];
      ss += double{a[x]} * a[x];
      tt += double{b[x]} * b[x];
      st += double{a[x]} * b[x];
    }
  }
  const auto n = static_cast<double>(from.total());
  const double vs = ss / n - s * s / n / n, vt = tt / n - t * t / n / n, c = st / n - s * t / n / n;
  return std::max(0.0, vt > 1e-9 ? vs - c * c / vt : vs);
}

// Steps of least squares from a first guess.
void refine(const cv::Mat& candidate, const cv::Mat& reference, double& x, double& y) {
  for (int step = 0; step < 6; ++step) {
    const cv::Rect part = overlap(reference.size(), x, y);
    if (part.width < 8 || part.height < 8) return;
    const cv::Mat moved = shifted(reference, x, y)(part), target = candidate(part);
    cv::Mat gx, gy;
    cv::Sobel(moved, gx, CV_32F, 1, 0, 3, 0.125);
    cv::Sobel(moved, gy, CV_32F, 0, 1, 3, 0.125);
    const cv::Mat rest =
        (target - cv::mean(target)[0]) - (moved - cv::mean(moved)[0]);  // lighter is not moved
    const double xx = gx.dot(gx), yy = gy.dot(gy), xy = gx.dot(gy), rx = gx.dot(rest),
                 ry = gy.dot(rest), determinant = xx * yy - xy * xy;
    if (determinant <= 1e-6 * xx * yy || determinant == 0) return;
    const double dx = -(yy * rx - xy * ry) / determinant, dy = -(xx * ry - xy * rx) / determinant;
    x += std::clamp(dx, -1.0, 1.0);
    y += std::clamp(dy, -1.0, 1.0);
    if (std::hypot(dx, dy) < 1e-3) return;
  }
}

// Luma less the means around each pixel: what moves, without how light it is.
cv::Mat structure(const cv::Mat& luma) {
  cv::Mat means;
  cv::boxFilter(luma, means, CV_32F, {kMeans, kMeans});
  return luma - means;
}

struct Flow {
  cv::Mat x, y;
};

cv::Mat moved_by(const cv::Mat& luma, const Flow& flow) {
  cv::Mat map_x(luma.size(), CV_32F), map_y(luma.size(), CV_32F), result;
  for (int y = 0; y < luma.rows; ++y)
    for (int x = 0; x < luma.cols; ++x) {
      map_x.at<float>(y, x) = static_cast<float>(x) - flow.x.at<float>(y, x);
      map_y.at<float>(y, x) = static_cast<float>(y) - flow.y.at<float>(y, x);
    }
  cv::remap(luma, result, map_x, map_y, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  return result;
}

void improve(const cv::Mat& candidate, const cv::Mat& reference, Flow& flow) {
  const cv::Mat moved = moved_by(reference, flow), rest = candidate - moved;
  cv::Mat gx, gy;
  cv::Sobel(moved, gx, CV_32F, 1, 0, 3, 0.125);
  cv::Sobel(moved, gy, CV_32F, 0, 1, 3, 0.125);
  const auto mean_of = [](const cv::Mat& a, const cv::Mat& b) {
    cv::Mat product = a.mul(b), mean;
    cv::boxFilter(product, mean, CV_32F, {kWindow, kWindow});
    return mean;
  };
  const cv::Mat xx = mean_of(gx, gx), yy = mean_of(gy, gy), xy = mean_of(gx, gy),
                rx = mean_of(gx, rest), ry = mean_of(gy, rest);
  constexpr float kFlat = 0.5f;  // squared levels a pixel: where nothing is, nothing moves
  for (int y = 0; y < moved.rows; ++y)
    for (int x = 0; x < moved.cols; ++x) {
      const float a = xx.at<float>(y, x) + kFlat, b = xy.at<float>(y, x),
                  c = yy.at<float>(y, x) + kFlat, u = rx.at<float>(y, x), v = ry.at<float>(y, x);
      const float determinant = a * c - b * b;
      flow.x.at<float>(y, x) -= std::clamp((c * u - b * v) / determinant, -1.f, 1.f);
      flow.y.at<float>(y, x) -= std::clamp((a * v - b * u) / determinant, -1.f, 1.f);
    }
}

}  // namespace

WholeShift whole_shift(const cv::Mat& candidate, const cv::Mat& reference) {
  double factor = 1;
  const cv::Mat a = reduced(candidate, factor), b = reduced(reference, factor);
  const cv::Point peak = correlation_peak(a, b);
  WholeShift best;
  for (const cv::Point& start : {cv::Point(0, 0), peak}) {
    double x = start.x, y = start.y;
    refine(a, b, x, y);
    const cv::Rect part = overlap(b.size(), x, y);
    if (part.area() * 4 < static_cast<int>(b.total())) continue;
    const double before = error_between(a(part), b(part));
    if (before <= 0) continue;
    const double share = 1 - error_between(a(part), shifted(b, x, y)(part)) / before;
    if (share > best.share) best = {share, x * factor, y * factor};
  }
  return best;
}

Warp warp_between(const cv::Mat& candidate, const cv::Mat& reference) {
  double factor = 1;
  std::vector<cv::Mat> a = {structure(reduced(candidate, factor))},
                       b = {structure(reduced(reference, factor))};
  const double before = cv::norm(a[0], b[0], cv::NORM_L2SQR);
  if (before == 0) return {};
  while (std::min(a.back().cols, a.back().rows) >= 64 && a.size() < 5) {
    a.emplace_back();
    b.emplace_back();
    cv::resize(a[a.size() - 2], a.back(), {}, 0.5, 0.5, cv::INTER_AREA);
    cv::resize(b[b.size() - 2], b.back(), {}, 0.5, 0.5, cv::INTER_AREA);
  }
  Flow flow{cv::Mat::zeros(a.back().size(), CV_32F), cv::Mat::zeros(a.back().size(), CV_32F)};
  for (std::size_t level = a.size(); level-- > 0;) {
    if (flow.x.size() != a[level].size())
      for (cv::Mat* part : {&flow.x, &flow.y}) {
        cv::resize(*part, *part, a[level].size(), 0, 0, cv::INTER_LINEAR);
        *part *= 2;
      }
    for (int step = 0; step < 3; ++step) improve(a[level], b[level], flow);
  }
  Warp warp;
  const double after = cv::norm(a[0], moved_by(b[0], flow), cv::NORM_L2SQR);
  warp.share = std::max(0.0, 1 - after / before);
  cv::Mat length;
  cv::magnitude(flow.x, flow.y, length);
  std::vector<float> lengths(length.begin<float>(), length.end<float>());
  std::nth_element(lengths.begin(), lengths.begin() + static_cast<long>(lengths.size() / 2),
                   lengths.end());
  warp.pixels = lengths[lengths.size() / 2] * factor;
  cv::Scalar mean_x, mean_y, spread_x, spread_y;
  cv::meanStdDev(flow.x, mean_x, spread_x);
  cv::meanStdDev(flow.y, mean_y, spread_y);
  warp.spread = std::hypot(spread_x[0], spread_y[0]) * factor;
  return warp;
}

}  // namespace sameseed
