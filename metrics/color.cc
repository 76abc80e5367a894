// color: have the colours changed, by how much, and which way? delta_e_*: CIEDE2000 over all
// pixels, mean, percentiles and maximum; share_above_2_3: of the pixels, those whose difference
// people may notice. Range 0 and up (shares: to 1); identical pictures: 0. Better: lower.
// delta_l, delta_a, delta_b: signed means of candidate - reference in CIELAB: lighter, redder,
// yellower are above 0. Identical pictures: 0. Better: nearer to 0; a swapped pair has the
// negative.
#include "metrics/color.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/core/utility.hpp>
#include <vector>

#include "metrics/all_metrics.h"
#include "metrics/images.h"

namespace sameseed {
namespace {

constexpr double kNoticeable = 2.3;

double lab_curve(double t) { return t > 0.008856 ? cube_root(t) : 7.787 * t + 16.0 / 116; }

double degrees(double radians) { return radians * 180 / std::numbers::pi; }
double radians(double degrees) { return degrees * std::numbers::pi / 180; }
double hue(double b, double a) {
  const double angle = a == 0 && b == 0 ? 0 : degrees(std::atan2(b, a));
  return angle < 0 ? angle + 360 : angle;
}
double seventh_power_share(double chroma) {
  const double two = chroma * chroma, seven = two * two * two * chroma;
  return std::sqrt(seven / (seven + 6103515625.0));  // 25^7
}

struct Row {
  double delta_e = 0, noticeable = 0, l = 0, a = 0, b = 0;
};

class Color final : public Metric {
 public:
  std::vector<Quantity> quantities() const override {
    std::vector<Quantity> list;
    for (const char* name : {"color.delta_e_mean", "color.delta_e_p50", "color.delta_e_p95",
                             "color.delta_e_p99", "color.delta_e_max"})
      list.push_back({name, "CIEDE2000", Better::kLower, 0});
    list.push_back({"color.share_above_2_3", "", Better::kLower, 0});
    for (const char* name : {"color.delta_l", "color.delta_a", "color.delta_b"})
      list.push_back({name, "CIELAB", Better::kNearer, 0, /*symmetric=*/false});
    return list;
  }
  std::string definition() const override {
    return "sRGB to CIELAB (D65, 2 degrees) in double; CIEDE2000, kL = kC = kH = 1, over pixels; "
           "delta_l, a, b: mean of candidate - reference";
  }

  Scores score(const cv::Mat& candidate, const cv::Mat& reference) const override {
    check_pair(candidate, reference);
    std::vector<double> differences(candidate.total());
    std::vector<Row> rows(static_cast<std::size_t>(candidate.rows));
    cv::parallel_for_(cv::Range(0, candidate.rows), [&](cv::Range range) {
      for (int y = range.start; y < range.end; ++y)
        rows[static_cast<std::size_t>(y)] =
            compare(candidate.ptr<cv::Vec3b>(y), reference.ptr<cv::Vec3b>(y), candidate.cols,
                    differences.data() +
                        static_cast<std::size_t>(y) * static_cast<std::size_t>(candidate.cols));
    });
    Row sum;
    for (const Row& row : rows) {
      sum.delta_e += row.delta_e;
      sum.noticeable += row.noticeable;
      sum.l += row.l;
      sum.a += row.a;
      sum.b += row.b;
    }
    const auto pixels = static_cast<double>(candidate.total());
    const double p50 = percentile(differences, 0.5), p95 = percentile(differences, 0.95),
                 p99 = percentile(differences, 0.99);
    return {.values = {sum.delta_e / pixels, p50, p95, p99,
                       *std::max_element(differences.begin(), differences.end()),
                       sum.noticeable / pixels, sum.l / pixels, sum.a / pixels, sum.b / pixels}};
  }

 private:
  static Row compare(const cv::Vec3b* candidate, const cv::Vec3b* reference, int count,
                     double* differences) {
    Row row;
    for (int x = 0; x < count; ++x) {
      differences[x] = 0;
      if (candidate[x] == reference[x]) continue;
      const Lab one = lab_of(candidate[x][0], candidate[x][1], candidate[x][2]),
                other = lab_of(reference[x][0], reference[x][1], reference[x][2]);
      differences[x] = ciede2000(one, other);
      row.delta_e += differences[x];
      row.noticeable += differences[x] > kNoticeable;
      row.l += one.l - other.l;
      row.a += one.a - other.a;
      row.b += one.b - other.b;
    }
    return row;
  }
};

}  // namespace

double cube_root(double value) {
  constexpr int kSteps = 4096;
  constexpr double kLargest = 1.25;
  static const auto table = [] {
    std::array<double, kSteps + 2> roots{};
    for (std::size_t i = 0; i < roots.size(); ++i)
      roots[i] = std::cbrt(static_cast<double>(i) * kLargest / kSteps);
    return roots;
  }();
  const double position = value * (kSteps / kLargest);
  const auto index = static_cast<std::size_t>(position);
  double root =
      table[index] + (position - static_cast<double>(index)) * (table[index + 1] - table[index]);
  // Halley's step triples the digits of the table's four and more.
  const double cube = root * root * root;
  return root * (cube + 2 * value) / (2 * cube + value);
}

double linear_of(std::uint8_t level) {
  static const auto table = [] {
    std::array<double, 256> light{};
    for (std::size_t i = 0; i < light.size(); ++i) {
      const double s = static_cast<double>(i) / 255;
      light[i] = s > 0.04045 ? std::pow((s + 0.055) / 1.055, 2.4) : s / 12.92;
    }
    return light;
  }();
  return table[level];
}

Lab lab_of(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  const double r = linear_of(red), g = linear_of(green), b = linear_of(blue);
  const double x = lab_curve((0.412453 * r + 0.357580 * g + 0.180423 * b) / 0.95047),
               y = lab_curve(0.212671 * r + 0.715160 * g + 0.072169 * b),
               z = lab_curve((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883);
  return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

// The steps and names of Sharma, Wu and Dalal, "The CIEDE2000 Color-Difference Formula", 2005.
double ciede2000(const Lab& one, const Lab& other) {
  const double chroma = (std::hypot(one.a, one.b) + std::hypot(other.a, other.b)) / 2;
  const double g = 0.5 * (1 - seventh_power_share(chroma));
  const double a1 = (1 + g) * one.a, a2 = (1 + g) * other.a;
  const double c1 = std::hypot(a1, one.b), c2 = std::hypot(a2, other.b);
  const double h1 = hue(one.b, a1), h2 = hue(other.b, a2);
  const bool grey = c1 * c2 == 0;
  double dh = grey ? 0 : h2 - h1;
  if (dh > 180) dh -= 360;
  if (dh < -180) dh += 360;
  double h = h1 + h2;
  if (!grey) {
    if (std::abs(h1 - h2) > 180) h += h < 360 ? 360 : -360;
    h /= 2;
  }
  const double l = (one.l + other.l) / 2, c = (c1 + c2) / 2;
  const double t = 1 - 0.17 * std::cos(radians(h - 30)) + 0.24 * std::cos(radians(2 * h)) +
                   0.32 * std::cos(radians(3 * h + 6)) - 0.20 * std::cos(radians(4 * h - 63));
  const double turn = (h - 275) / 25;
  const double rotation =
      -std::sin(radians(60 * std::exp(-turn * turn))) * 2 * seventh_power_share(c);
  const double squared_l = (l - 50) * (l - 50);
  const double dl = (other.l - one.l) / (1 + 0.015 * squared_l / std::sqrt(20 + squared_l)),
               dc = (c2 - c1) / (1 + 0.045 * c),
               dhue = 2 * std::sqrt(c1 * c2) * std::sin(radians(dh / 2)) / (1 + 0.015 * c * t);
  return std::sqrt(std::max(0.0, dl * dl + dc * dc + dhue * dhue + rotation * dc * dhue));
}

std::unique_ptr<Metric> make_color() { return std::make_unique<Color>(); }

}  // namespace sameseed
