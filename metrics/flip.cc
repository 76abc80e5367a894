// flip: what would somebody see who flips between the two pictures? LDR-FLIP (Andersson et al.
// 2020; NVlabs/flip v1.6: src/pytorch/flip_loss.py), sRGB in, 67.02 pixels per degree (0.7 m from a
// screen 0.7 m and 3840 pixels wide). Colours as the eye blurs them at that distance, their HyAB
// distance, amplified where edges or points differ; its map is the heat map of the report.
// mean, max: of the map. weighted_median: the value below which half of the map's sum lies.
// Range 0 to 1; identical pictures: 0. Better: lower.
//
// The published filters are separable, and are applied so, in double: the C++ tool's single
// precision differs from the fifth digit on. Rows pass through buffers: the pictures are planes of
// Y, Cx and Cz, and all else is a row.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>
#include <opencv2/core/utility.hpp>
#include <vector>

#include "metrics/all_metrics.h"
#include "metrics/color.h"
#include "metrics/images.h"
#include "metrics/wide.h"

namespace sameseed {
namespace {

constexpr double kPixelsPerDegree = 0.7 * (3840 / 0.7) * std::numbers::pi / 180;
constexpr double kColourPower = 0.7, kFeaturePower = 0.5;          // qc, qf
constexpr double kPerceptibleShare = 0.4, kPerceptibleTop = 0.95;  // pc, pt
constexpr double kWhiteX = 0.950428545, kWhiteZ = 1.088900371;     // D65 of FLIP
constexpr double kFeatureWidth = 0.082;                            // degrees

using Values = std::vector<double>;
struct Colour {
  double x, y, z;
};

// A filter of odd length, as the weights from its middle outward: symmetric, or antisymmetric.
struct Taps {
  Values half;
  int radius() const { return static_cast<int>(half.size()) - 1; }
};

// sum of a sqrt(pi / b) exp(-pi^2 r^2 / b) over pixels of a line; r in degrees
Taps sensitivity(double b, int radius, double& sum) {
  Taps taps;
  sum = 0;
  for (int i = 0; i <= radius; ++i) {
    const double r = i / kPixelsPerDegree;
    taps.half.push_back(std::exp(-std::numbers::pi * std::numbers::pi * r * r / b));
    sum += (i == 0 ? 1 : 2) * taps.half.back();
  }
  for (double& tap : taps.half) tap /= sum;
  return taps;
}

struct Filters {
  Taps y, cx, cz[2];             // each sums to 1
  double cz_share[2];            // of the two Gaussians of Cz
  Taps gauss, slope, curvature;  // of the feature filters: g, its first and its second derivative

  Filters() {
    const double widest = 0.04;
    const int radius = static_cast<int>(std::ceil(
        3 * std::sqrt(widest / (2 * std::numbers::pi * std::numbers::pi)) * kPixelsPerDegree));
    double sum = 0;
    y = sensitivity(0.0047, radius, sum);
    cx = sensitivity(0.0053, radius, sum);
    const double scale[2] = {34.1, 13.5}, b[2] = {0.04, 0.025};
    for (int i = 0; i < 2; ++i) {
      cz[i] = sensitivity(b[i], radius, sum);
      cz_share[i] = scale[i] * std::sqrt(std::numbers::pi / b[i]) * sum * sum;
    }
    const double both = cz_share[0] + cz_share[1];
    for (double& share : cz_share) share /= both;

    const double sigma = 0.5 * kFeatureWidth * kPixelsPerDegree;
    double all = 0, rising = 0, positive = 0, negative = 0;
    for (int i = 0; i <= static_cast<int>(std::ceil(3 * sigma)); ++i) {
      const double g = std::exp(-i * i / (2 * sigma * sigma)),
                   c = (i * i / (sigma * sigma) - 1) * g;
      const int times = i == 0 ? 1 : 2;
      gauss.half.push_back(g);
      slope.half.push_back(-i * g);
      curvature.half.push_back(c);
      all += times * g;
      rising += i * g;
      (c > 0 ? positive : negative) += times * std::abs(c);
    }
    // Positive and negative weights sum to 1 and -1 each.
    for (double& tap : gauss.half) tap /= all;
    for (double& tap : slope.half) tap /= rising;
    for (double& tap : curvature.half) tap /= tap > 0 ? positive : negative;
  }
};

const Filters& filters() {
  static const Filters all;
  return all;
}

SAMESEED_WIDE void symmetric_down(const double* const* rows, const double* half, int radius,
                                  int width, double* out) {
  for (int x = 0; x < width; ++x) out[x] = half[0] * rows[0][x];
  for (int t = 1; t <= radius; ++t) {
    const double *above = rows[-t], *below = rows[t];
    const double weight = half[t];
    for (int x = 0; x < width; ++x) out[x] += weight * (above[x] + below[x]);
  }
}

SAMESEED_WIDE void antisymmetric_down(const double* const* rows, const double* half, int radius,
                                      int width, double* out) {
  for (int x = 0; x < width; ++x) out[x] = 0;
  for (int t = 1; t <= radius; ++t) {
    const double *above = rows[-t], *below = rows[t];
    const double weight = half[t];
    for (int x = 0; x < width; ++x) out[x] += weight * (below[x] - above[x]);
  }
}

// `row` has `radius` values more on either side.
SAMESEED_WIDE void symmetric_along(const double* row, const double* half, int radius, int width,
                                   double* out) {
  for (int x = 0; x < width; ++x) out[x] = half[0] * row[x];
  for (int t = 1; t <= radius; ++t) {
    const double weight = half[t];
    for (int x = 0; x < width; ++x) out[x] += weight * (row[x - t] + row[x + t]);
  }
}

SAMESEED_WIDE void antisymmetric_along(const double* row, const double* half, int radius, int width,
                                       double* out) {
  for (int x = 0; x < width; ++x) out[x] = 0;
  for (int t = 1; t <= radius; ++t) {
    const double weight = half[t];
    for (int x = 0; x < width; ++x) out[x] += weight * (row[x + t] - row[x - t]);
  }
}

Colour xyz_of(const Colour& rgb) {  // over white
  return {(10135552.0 / 24577794 * rgb.x + 8788810.0 / 24577794 * rgb.y +
           4435075.0 / 24577794 * rgb.z) /
              kWhiteX,
          2613072.0 / 12288897 * rgb.x + 8788810.0 / 12288897 * rgb.y + 887015.0 / 12288897 * rgb.z,
          (1425312.0 / 73733382 * rgb.x + 8788810.0 / 73733382 * rgb.y +
           70074185.0 / 73733382 * rgb.z) /
              kWhiteZ};
}

Colour light_of_opponent(
    const Colour& yxz) {  // Y, Cx, Cz to linear RGB, clamped to what a screen shows
  const double y = (yxz.x + 16) / 116, x = (yxz.y / 500 + y) * kWhiteX,
               z = (y - yxz.z / 200) * kWhiteZ;
  const auto clamped = [](double v) { return std::clamp(v, 0.0, 1.0); };
  return {clamped(3.241003275 * x - 1.537398934 * y - 0.498615861 * z),
          clamped(-0.969224334 * x + 1.875930071 * y + 0.041554224 * z),
          clamped(0.055639423 * x - 0.204011202 * y + 1.057148933 * z)};
}

// Lab, with a and b smaller where it is dark (Hunt's effect).
Colour hunt_lab(const Colour& rgb) {
  constexpr double kDelta = 6.0 / 29;
  const auto curve = [](double t) {
    return t > kDelta * kDelta * kDelta ? cube_root(t) : t / (3 * kDelta * kDelta) + 4.0 / 29;
  };
  const Colour xyz = xyz_of(rgb);
  const double x = curve(xyz.x), y = curve(xyz.y), z = curve(xyz.z), l = 116 * y - 16;
  return {l, 0.01 * l * 500 * (x - y), 0.01 * l * 200 * (y - z)};
}

double hyab(const Colour& one, const Colour& other) {
  const double a = one.y - other.y, b = one.z - other.z;
  return std::abs(one.x - other.x) + std::sqrt(a * a + b * b);
}

// The distance of colours as an error of 0 to 1.
double colour_error(const Colour& one, const Colour& other) {
  static const double largest =
      std::pow(hyab(hunt_lab({0, 1, 0}), hunt_lab({0, 0, 1})), kColourPower);
  const double bend = kPerceptibleShare * largest, error = std::pow(hyab(one, other), kColourPower);
  return error < bend ? kPerceptibleTop / bend * error
                      : kPerceptibleTop + (error - bend) / (largest - bend) * (1 - kPerceptibleTop);
}

using Planes = std::array<cv::Mat, 3>;  // Y, Cx, Cz

Planes planes_of(const cv::Mat& picture) {
  Planes planes;
  for (cv::Mat& plane : planes) plane.create(picture.size(), CV_64F);
  cv::parallel_for_(cv::Range(0, picture.rows), [&](cv::Range rows) {
    for (int y = rows.start; y < rows.end; ++y) {
      const auto* in = picture.ptr<cv::Vec3b>(y);
      double* out[3] = {planes[0].ptr<double>(y), planes[1].ptr<double>(y),
                        planes[2].ptr<double>(y)};
      for (int x = 0; x < picture.cols; ++x) {
        const Colour xyz = xyz_of({linear_of(in[x][0]), linear_of(in[x][1]), linear_of(in[x][2])});
        out[0][x] = 116 * xyz.y - 16;
        out[1][x] = 500 * (xyz.x - xyz.y);
        out[2][x] = 200 * (xyz.y - xyz.z);
      }
    }
  });
  return planes;
}

// A row with as many copies of its ends on either side as the widest filter asks for.
class Padded {
 public:
  Padded(int width, int radius)
      : radius_(radius), width_(width), values_(static_cast<std::size_t>(width + 2 * radius)) {}
  double* data() { return values_.data() + radius_; }
  const double* pad() {
    std::fill_n(values_.data(), radius_, data()[0]);
    std::fill_n(data() + width_, radius_, data()[width_ - 1]);
    return data();
  }

 private:
  int radius_, width_;
  Values values_;
};

// One row of what the eye makes of a picture.
class Viewer {
 public:
  explicit Viewer(const Planes& planes)
      : planes_(planes),
        width_(planes[0].cols),
        down_(width_, radius()),
        rows_(static_cast<std::size_t>(2 * radius() + 1)) {
    for (Values* values : {&y_, &cx_, &cz_, &extra_, &edge_x_, &edge_y_, &point_x_, &point_y_})
      values->resize(static_cast<std::size_t>(width_));
  }

  void see(int row) {
    const Filters& f = filters();
    look(0, row);
    blur(f.y, y_);
    // Of (Y + 16) / 116: what is constant gives nothing, so that only the scale matters.
    find_features();
    look(1, row);
    blur(f.cx, cx_);
    look(2, row);
    blur(f.cz[0], cz_);
    blur(f.cz[1], extra_);
    for (std::size_t x = 0; x < cz_.size(); ++x)
      cz_[x] = f.cz_share[0] * cz_[x] + f.cz_share[1] * extra_[x];
  }

  Colour colour(std::size_t x) const {
    return hunt_lab(light_of_opponent({y_[x], cx_[x], cz_[x]}));
  }
  double edge(std::size_t x) const { return std::hypot(edge_x_[x], edge_y_[x]) / 116; }
  double point(std::size_t x) const { return std::hypot(point_x_[x], point_y_[x]) / 116; }
  bool same_as(const Viewer& other, std::size_t x) const {
    return y_[x] == other.y_[x] && cx_[x] == other.cx_[x] && cz_[x] == other.cz_[x];
  }

 private:
  static int radius() { return std::max(filters().y.radius(), filters().gauss.radius()); }

  void look(std::size_t plane, int row) {
    for (int t = -radius(); t <= radius(); ++t)
      rows_[static_cast<std::size_t>(t + radius())] =
          planes_[plane].ptr<double>(std::clamp(row + t, 0, planes_[plane].rows - 1));
  }
  const double* const* middle() const { return rows_.data() + radius(); }

  void blur(const Taps& taps, Values& out) {
    symmetric_down(middle(), taps.half.data(), taps.radius(), width_, down_.data());
    symmetric_along(down_.pad(), taps.half.data(), taps.radius(), width_, out.data());
  }

  void find_features() {
    const Filters& f = filters();
    const int r = f.gauss.radius();
    symmetric_down(middle(), f.gauss.half.data(), r, width_, down_.data());
    const double* row = down_.pad();
    antisymmetric_along(row, f.slope.half.data(), r, width_, edge_x_.data());
    symmetric_along(row, f.curvature.half.data(), r, width_, point_x_.data());
    antisymmetric_down(middle(), f.slope.half.data(), r, width_, down_.data());
    symmetric_along(down_.pad(), f.gauss.half.data(), r, width_, edge_y_.data());
    symmetric_down(middle(), f.curvature.half.data(), r, width_, down_.data());
    symmetric_along(down_.pad(), f.gauss.half.data(), r, width_, point_y_.data());
  }

  const Planes& planes_;
  int width_;
  Padded down_;
  std::vector<const double*> rows_;
  Values y_, cx_, cz_, extra_, edge_x_, edge_y_, point_x_, point_y_;
};

double error_at(const Viewer& one, const Viewer& other, std::size_t x) {
  if (one.same_as(other, x)) return 0;
  const double colour = colour_error(one.colour(x), other.colour(x));
  const double feature =
      std::max(std::abs(one.edge(x) - other.edge(x)), std::abs(one.point(x) - other.point(x)));
  return std::pow(colour, 1 - std::pow(feature / std::numbers::sqrt2, kFeaturePower));
}

// The smallest value so that what is not above it makes up half of the sum.
double weighted_median(const cv::Mat& map, double sum) {
  constexpr std::size_t kBins = 4096;
  const auto bin_of = [](float value) {
    return std::min(kBins - 1, static_cast<std::size_t>(value * static_cast<float>(kBins)));
  };
  std::vector<double> sums(kBins);
  for (int y = 0; y < map.rows; ++y)
    for (int x = 0; x < map.cols; ++x) sums[bin_of(map.at<float>(y, x))] += map.at<float>(y, x);
  std::size_t bin = 0;
  double below = 0;
  while (bin + 1 < kBins && below + sums[bin] < sum / 2) below += sums[bin++];
  std::vector<float> inside;
  for (int y = 0; y < map.rows; ++y)
    for (int x = 0; x < map.cols; ++x)
      if (bin_of(map.at<float>(y, x)) == bin) inside.push_back(map.at<float>(y, x));
  std::sort(inside.begin(), inside.end());
  for (const float value : inside)
    if ((below += value) >= sum / 2) return value;
  return inside.empty() ? 0 : inside.back();
}

class Flip final : public Metric {
 public:
  std::vector<Quantity> quantities() const override {
    return {{"flip.mean", "", Better::kLower, 0},
            {"flip.weighted_median", "", Better::kLower, 0},
            {"flip.max", "", Better::kLower, 0}};
  }
  std::string definition() const override {
    return fmt::format(
        "LDR-FLIP v1.6, sRGB in, {:.4f} pixels per degree; weighted_median: half of "
        "the map's sum lies below",
        kPixelsPerDegree);
  }

  Scores score(const cv::Mat& candidate, const cv::Mat& reference) const override {
    check_pair(candidate, reference);
    Scores scores;
    scores.map.create(candidate.size(), CV_32F);
    const Planes a = planes_of(candidate), b = planes_of(reference);
    Values sums(static_cast<std::size_t>(candidate.rows)), largest(sums.size());
    cv::parallel_for_(cv::Range(0, candidate.rows), [&](cv::Range rows) {
      Viewer one(a), other(b);
      for (int y = rows.start; y < rows.end; ++y) {
        one.see(y);
        other.see(y);
        auto* out = scores.map.ptr<float>(y);
        const auto row = static_cast<std::size_t>(y);
        for (int x = 0; x < candidate.cols; ++x) {
          const double error = error_at(one, other, static_cast<std::size_t>(x));
          out[x] = static_cast<float>(error);
          sums[row] += error;
          largest[row] = std::max(largest[row], error);
        }
      }
    });
    const double sum = std::accumulate(sums.begin(), sums.end(), 0.0);
    const auto worst = std::max_element(largest.begin(), largest.end());
    scores.values = {sum / static_cast<double>(candidate.total()), weighted_median(scores.map, sum),
                     *worst};
    if (*worst > 0) {
      const int y = static_cast<int>(worst - largest.begin());
      const auto* row = scores.map.ptr<float>(y);
      scores.places["flip.max"] = {
          static_cast<int>(std::max_element(row, row + candidate.cols) - row), y, 1, 1};
    }
    return scores;
  }
};

}  // namespace

std::unique_ptr<Metric> make_flip() { return std::make_unique<Flip>(); }

}  // namespace sameseed
