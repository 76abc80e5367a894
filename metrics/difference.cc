// difference: the largest and the mean absolute difference of any channel, in levels of 0 to 255.
// Identical images: 0. Better: lower.
#include <algorithm>
#include <cstdlib>

#include "metrics/all_metrics.h"
#include "metrics/images.h"

namespace sameseed {
namespace {

class Difference final : public Metric {
 public:
  std::vector<Quantity> quantities() const override {
    return {{"difference.max_abs", "levels", Better::kLower, 0},
            {"difference.mean_abs", "levels", Better::kLower, 0}};
  }
  std::string definition() const override {
    return "absolute differences of 8-bit values, over all pixels and channels";
  }

  Scores score(const cv::Mat& candidate, const cv::Mat& reference) const override {
    check_pair(candidate, reference);
    int largest = 0;
    std::int64_t sum = 0;
    for (int y = 0; y < candidate.rows; ++y) {
      const auto* a = candidate.ptr<std::uint8_t>(y);
      const auto* b = reference.ptr<std::uint8_t>(y);
      for (int i = 0; i < 3 * candidate.cols; ++i) {
        const int difference = std::abs(static_cast<int>(a[i]) - static_cast<int>(b[i]));
        largest = std::max(largest, difference);
        sum += difference;
      }
    }
    return {{static_cast<double>(largest),
             static_cast<double>(sum) / (3.0 * static_cast<double>(candidate.total()))},
            {}};
  }
};

}  // namespace

std::unique_ptr<Metric> make_difference() { return std::make_unique<Difference>(); }

}  // namespace sameseed
