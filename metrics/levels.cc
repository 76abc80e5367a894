#include "metrics/levels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>

namespace sameseed {
namespace {

struct ChannelLevels {
  double smooth = 0;  // of the levels in use, those that have a neighbour in use
  double step = 1;    // mean distance of levels in use
};

// 0 for fewer than `fewest` levels.
std::array<ChannelLevels, 3> channel_levels(const cv::Mat& picture, int fewest) {
  std::array<std::array<bool, 258>, 3> used{};
  for (int y = 0; y < picture.rows; ++y) {
    const auto* row = picture.ptr<cv::Vec3b>(y);
    for (int x = 0; x < picture.cols; ++x)
      for (int c = 0; c < 3; ++c) used[static_cast<std::size_t>(c)][row[x][c] + 1u] = true;
  }
  std::array<ChannelLevels, 3> channels{};
  for (std::size_t c = 0; c < 3; ++c) {
    int all = 0, smooth = 0, first = 0, last = 0;
    for (int v = 1; v <= 256; ++v) {
      const auto at = static_cast<std::size_t>(v);
      if (!used[c][at]) continue;
      if (all++ == 0) first = v;
      last = v;
      smooth += used[c][at - 1] || used[c][at + 1];
    }
    channels[c].smooth = all < fewest ? 0 : static_cast<double>(smooth) / all;
    channels[c].step = all < 2 ? 256 : static_cast<double>(last - first) / (all - 1);
  }
  return channels;
}

// Of each level between the ends, how far it is from the mean of its neighbours, over all.
double unevenness(const cv::Mat& luma) {
  std::array<double, 256> counts{};
  for (int y = 0; y < luma.rows; ++y) {
    const auto* row = luma.ptr<double>(y);
    for (int x = 0; x < luma.cols; ++x) ++counts[static_cast<std::size_t>(std::lround(row[x]))];
  }
  double sum = 0;
  for (std::size_t v = 2; v < 254; ++v)
    sum += std::abs(counts[v] - (counts[v - 1] + counts[v + 1]) / 2);
  return sum / static_cast<double>(luma.total());
}

}  // namespace

LevelUse level_use(const cv::Mat& candidate, const cv::Mat& reference,
                   const cv::Mat& candidate_luma, const cv::Mat& reference_luma) {
  constexpr double kSmooth = 0.5;  // a reference that has bands itself tells nothing
  const auto to = channel_levels(candidate, 1), from = channel_levels(reference, 16);
  LevelUse use;
  for (std::size_t c = 0; c < 3; ++c)
    if (from[c].smooth >= kSmooth && to[c].smooth / from[c].smooth < use.ratio)
      use = {.ratio = to[c].smooth / from[c].smooth, .step = to[c].step};
  use.comb = unevenness(candidate_luma) - unevenness(reference_luma);
  return use;
}

}  // namespace sameseed
