#include "metrics/broken.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "metrics/images.h"

namespace sameseed {
namespace {

constexpr double kNearlyAll = 0.999;
constexpr int kBlackest = 8, kFlattest = 2;
constexpr double kSaturatedRest = 0.9, kColourShare = 0.01;
constexpr int kColours = 3;
constexpr double kNoiseDeviation = 10, kNoiseCorrelation = 0.25;

// The share of pixels that are within `distance` of `centre` in every channel.
double share_within(const cv::Mat& picture, const std::array<int, 3>& centre, int distance) {
  std::size_t count = 0;
  for (int y = 0; y < picture.rows; ++y) {
    const auto* row = picture.ptr<cv::Vec3b>(y);
    for (int x = 0; x < picture.cols; ++x)
      count += std::abs(row[x][0] - centre[0]) <= distance &&
               std::abs(row[x][1] - centre[1]) <= distance &&
               std::abs(row[x][2] - centre[2]) <= distance;
  }
  return static_cast<double>(count) / static_cast<double>(picture.total());
}

std::array<int, 3> medians(const cv::Mat& picture) {
  std::array<std::array<std::size_t, 256>, 3> counts{};
  for (int y = 0; y < picture.rows; ++y) {
    const auto* row = picture.ptr<cv::Vec3b>(y);
    for (int x = 0; x < picture.cols; ++x)
      for (int c = 0; c < 3; ++c) ++counts[static_cast<std::size_t>(c)][row[x][c]];
  }
  std::array<int, 3> result{};
  for (std::size_t c = 0; c < 3; ++c) {
    std::size_t below = 0;
    int level = 0;
    while ((below += counts[c][static_cast<std::size_t>(level)]) * 2 < picture.total()) ++level;
    result[c] = level;
  }
  return result;
}

bool saturated(const cv::Mat& picture) {
  std::array<std::size_t, 8> corners{};
  std::size_t all = 0;
  for (int y = 0; y < picture.rows; ++y) {
    const auto* row = picture.ptr<cv::Vec3b>(y);
    for (int x = 0; x < picture.cols; ++x) {
      std::size_t corner = 0;
      bool at_end = true;
      for (int c = 0; c < 3; ++c) {
        at_end = at_end && (row[x][c] == 0 || row[x][c] == 255);
        corner = corner * 2 + (row[x][c] == 255);
      }
      if (!at_end) continue;
      ++corners[corner];
      ++all;
    }
  }
  const auto total = static_cast<double>(picture.total());
  const std::size_t commonest = *std::max_element(corners.begin(), corners.end());
  const auto colours = std::count_if(corners.begin(), corners.end(), [&](std::size_t count) {
    return static_cast<double>(count) >= kColourShare * total;
  });
  return colours >= kColours && static_cast<double>(all - commonest) >=
                                    kSaturatedRest * (total - static_cast<double>(commonest));
}

// Of each value and its neighbour `across` to the right and `down` below.
double correlation(const cv::Mat& luma, int across, int down) {
  const cv::Rect first(0, 0, luma.cols - across, luma.rows - down);
  const cv::Mat a = luma(first), b = luma(first + cv::Point(across, down));
  const double mean_a = cv::mean(a)[0], mean_b = cv::mean(b)[0];
  double ab = 0, aa = 0, bb = 0;
  for (int y = 0; y < a.rows; ++y)
    for (int x = 0; x < a.cols; ++x) {
      const double p = a.at<double>(y, x) - mean_a, q = b.at<double>(y, x) - mean_b;
      ab += p * q;
      aa += p * p;
      bb += q * q;
    }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 1;
}

bool noise(const cv::Mat& picture) {
  if (picture.rows < 2 || picture.cols < 2) return false;
  const cv::Mat luma = luma_of(picture);
  cv::Scalar mean, deviation;
  cv::meanStdDev(luma, mean, deviation);
  return deviation[0] >= kNoiseDeviation && correlation(luma, 1, 0) < kNoiseCorrelation &&
         correlation(luma, 0, 1) < kNoiseCorrelation;
}

}  // namespace

std::vector<std::string> broken_ways(const cv::Mat& picture) {
  std::vector<std::string> ways;
  if (share_within(picture, {0, 0, 0}, kBlackest) >= kNearlyAll) ways.push_back("black");
  if (share_within(picture, medians(picture), kFlattest) >= kNearlyAll)
    ways.push_back("one colour");
  if (saturated(picture)) ways.push_back("saturated");
  if (noise(picture)) ways.push_back("pure noise");
  return ways;
}

}  // namespace sameseed
