#include "metrics/images.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/core/utility.hpp>

#include "metrics/metric.h"

namespace sameseed {
namespace {

// Where tiles begin along a side.
std::vector<int> starts(int side) {
  std::vector<int> list;
  for (int at = 0; at < side; at += kTile) list.push_back(std::max(0, std::min(at, side - kTile)));
  return list;
}

}  // namespace

Scores score_or_absent(const Metric& metric, const cv::Mat& candidate, const cv::Mat& reference) {
  try {
    return metric.score(candidate, reference);
  } catch (const TooSmall& why) {
    Scores scores;
    for (const Quantity& quantity : metric.quantities()) {
      scores.values.push_back(std::numeric_limits<double>::quiet_NaN());
      scores.absent[quantity.name] = why.what();
    }
    return scores;
  }
}

cv::Mat luma_of(const cv::Mat& picture) {
  cv::Mat luma(picture.size(), CV_64F);
  cv::parallel_for_(cv::Range(0, picture.rows), [&](cv::Range rows) {
    for (int y = rows.start; y < rows.end; ++y) {
      const auto* in = picture.ptr<std::uint8_t>(y);
      auto* out = luma.ptr<double>(y);
      for (int x = 0; x < picture.cols; ++x)
        out[x] = 0.299 * in[3 * x] + 0.587 * in[3 * x + 1] + 0.114 * in[3 * x + 2];
    }
  });
  return luma;
}

std::vector<cv::Rect> tiles_of(cv::Size size) {
  std::vector<cv::Rect> tiles;
  for (const int y : starts(size.height))
    for (const int x : starts(size.width))
      tiles.emplace_back(x, y, std::min(kTile, size.width), std::min(kTile, size.height));
  return tiles;
}

double percentile(std::vector<double>& values, double share) {
  const double position = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(position);
  const auto middle = values.begin() + below;
  std::nth_element(values.begin(), middle, values.end());
  const double rest = position - static_cast<double>(below);
  if (rest == 0 || middle + 1 == values.end()) return *middle;
  const double above = *std::min_element(middle + 1, values.end());
  return *middle + rest * (above - *middle);
}

}  // namespace sameseed
