// gmsd: how unevenly are edges damaged? Gradient magnitude similarity deviation (Xue et al. 2014),
// as photosynthesis-team/piq:piq/gmsd.py has it: luma, mean of 2 x 2 pixels (an odd side gets a row
// of zeros), Prewitt gradients with zeros outside, similarity (2 a b + 170) / (a^2 + b^2 + 170),
// and the standard deviation of its map. Blind to what happens everywhere alike.
// Unit: none. Range: 0 and up. Identical pictures: 0. Better: lower.
#include <cmath>
#include <numeric>
#include <opencv2/core/utility.hpp>
#include <vector>

#include "metrics/all_metrics.h"
#include "metrics/images.h"

namespace sameseed {
namespace {

constexpr double kStability = 170;  // squared levels
constexpr int kSmallest = 8;

// Means of 2 x 2 pixels, with a border of zeros.
cv::Mat halved(const cv::Mat& luma) {
  cv::Mat half((luma.rows + 1) / 2 + 2, (luma.cols + 1) / 2 + 2, CV_64F, cv::Scalar(0));
  for (int y = 0; y < luma.rows; ++y) {
    const auto* in = luma.ptr<double>(y);
    auto* out = half.ptr<double>(y / 2 + 1) + 1;
    for (int x = 0; x < luma.cols; ++x) out[x / 2] += 0.25 * in[x];
  }
  return half;
}

double gradient(const double* above, const double* row, const double* below, int x) {
  const double across =
      (above[x - 1] + row[x - 1] + below[x - 1] - above[x + 1] - row[x + 1] - below[x + 1]) / 3;
  const double down =
      (above[x - 1] + above[x] + above[x + 1] - below[x - 1] - below[x] - below[x + 1]) / 3;
  return std::sqrt(across * across + down * down);
}

class Gmsd final : public Metric {
 public:
  std::vector<Quantity> quantities() const override { return {{"gmsd", "", Better::kLower, 0}}; }
  std::string definition() const override {
    return "Xue 2014 as in piq: luma, 2x2 means, Prewitt, c 170, deviation of the similarity map";
  }

  Scores score(const cv::Mat& candidate, const cv::Mat& reference) const override {
    check_pair(candidate, reference, kSmallest);
    const cv::Mat a = halved(luma_of(candidate)), b = halved(luma_of(reference));
    const int height = a.rows - 2, width = a.cols - 2;
    std::vector<double> losses(static_cast<std::size_t>(height)), squares(losses.size());
    cv::parallel_for_(cv::Range(0, height), [&](cv::Range rows) {
      for (int y = rows.start; y < rows.end; ++y) {
        double sum = 0, square = 0;
        for (int x = 1; x <= width; ++x) {
          const double p = gradient(a.ptr<double>(y), a.ptr<double>(y + 1), a.ptr<double>(y + 2),
                                    x),
                       q = gradient(b.ptr<double>(y), b.ptr<double>(y + 1), b.ptr<double>(y + 2),
                                    x);
          // One minus the similarity: its deviation is the same, and exactly 0 where all is equal.
          const double loss = (p - q) * (p - q) / (p * p + q * q + kStability);
          sum += loss;
          square += loss * loss;
        }
        losses[static_cast<std::size_t>(y)] = sum;
        squares[static_cast<std::size_t>(y)] = square;
      }
    });
    const double count = static_cast<double>(width) * height,
                 mean = std::accumulate(losses.begin(), losses.end(), 0.0) / count,
                 square = std::accumulate(squares.begin(), squares.end(), 0.0) / count;
    return {.values = {std::sqrt(std::max(0.0, square - mean * mean))}};
  }
};

}  // namespace

std::unique_ptr<Metric> make_gmsd() { return std::make_unique<Gmsd>(); }

}  // namespace sameseed
