#include "metrics/color_mapping.h"

#include <algorithm>
#include <numeric>
#include <opencv2/core.hpp>
#include <opencv2/core/utility.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace sameseed {
namespace {

constexpr int kMeanSide = 8;
constexpr auto kTerms = static_cast<int>(ColorMapping::kTerms);

std::array<double, ColorMapping::kTerms> terms_of(double red, double green, double blue) {
  const double r = red / 128 - 1, g = green / 128 - 1, b = blue / 128 - 1;
  return {1, r, g, b, r * r, g * g, b * b, r * g, r * b, g * b};
}

template <class Pixel>
double share_of(const ColorMapping& mapping, const cv::Mat& candidate, const cv::Mat& reference) {
  std::vector<double> before(static_cast<std::size_t>(candidate.rows)), after(before.size());
  cv::parallel_for_(cv::Range(0, candidate.rows), [&](cv::Range rows) {
    for (int y = rows.start; y < rows.end; ++y) {
      const auto *to = candidate.ptr<Pixel>(y), *from = reference.ptr<Pixel>(y);
      double unmapped = 0, mapped = 0;
      for (int x = 0; x < candidate.cols; ++x) {
        const cv::Vec3d expected = mapping(from[x][0], from[x][1], from[x][2]);
        for (int c = 0; c < 3; ++c) {
          const double level = to[x][c], before_it = from[x][c];
          unmapped += (level - before_it) * (level - before_it);
          mapped += (level - expected[c]) * (level - expected[c]);
        }
      }
      before[static_cast<std::size_t>(y)] = unmapped;
      after[static_cast<std::size_t>(y)] = mapped;
    }
  });
  const double error = std::accumulate(before.begin(), before.end(), 0.0),
               rest = std::accumulate(after.begin(), after.end(), 0.0);
  return error == 0 ? 0 : std::max(0.0, 1 - rest / error);
}

}  // namespace

cv::Vec3d ColorMapping::operator()(double red, double green, double blue) const {
  const auto terms = terms_of(red, green, blue);
  cv::Vec3d expected(red, green, blue);
  for (int c = 0; c < 3; ++c) {
    for (std::size_t i = 0; i < kTerms; ++i)
      expected[c] += terms[i] * change[i][static_cast<std::size_t>(c)];
    expected[c] = std::clamp(expected[c], 0.0, 255.0);
  }
  return expected;
}

cv::Mat block_means(const cv::Mat& picture) {
  cv::Mat means;
  const cv::Rect whole(0, 0, picture.cols / kMeanSide * kMeanSide,
                       picture.rows / kMeanSide * kMeanSide);
  cv::Mat exact;
  picture(whole).convertTo(exact, CV_32F);
  cv::resize(exact, means, {}, 1.0 / kMeanSide, 1.0 / kMeanSide, cv::INTER_AREA);
  return means;
}

ColorMapping fitted_mapping(const cv::Mat& candidate_means, const cv::Mat& reference_means) {
  cv::Mat normal = cv::Mat::zeros(kTerms, kTerms, CV_64F),
          right = cv::Mat::zeros(kTerms, 3, CV_64F);
  for (int y = 0; y < reference_means.rows; ++y)
    for (int x = 0; x < reference_means.cols; ++x) {
      const auto from = reference_means.at<cv::Vec3f>(y, x),
                 to = candidate_means.at<cv::Vec3f>(y, x);
      const auto terms = terms_of(from[0], from[1], from[2]);
      for (int i = 0; i < kTerms; ++i) {
        const double term = terms[static_cast<std::size_t>(i)];
        for (int j = 0; j <= i; ++j)
          normal.at<double>(i, j) += term * terms[static_cast<std::size_t>(j)];
        for (int c = 0; c < 3; ++c) right.at<double>(i, c) += term * (to[c] - from[c]);
      }
    }
  cv::completeSymm(normal, /*lowerToUpper=*/true);
  constexpr double kRidge = 1e-3;
  for (int i = 1; i < kTerms; ++i)
    normal.at<double>(i, i) += kRidge * static_cast<double>(reference_means.total());
  normal.at<double>(0, 0) += 1e-9;
  cv::Mat solution;
  cv::solve(normal, right, solution, cv::DECOMP_CHOLESKY);
  ColorMapping mapping;
  for (int i = 0; i < kTerms; ++i)
    for (int c = 0; c < 3; ++c)
      mapping.change[static_cast<std::size_t>(i)][static_cast<std::size_t>(c)] =
          solution.at<double>(i, c);
  return mapping;
}

double explained_share(const ColorMapping& mapping, const cv::Mat& candidate,
                       const cv::Mat& reference) {
  return candidate.type() == CV_8UC3 ? share_of<cv::Vec3b>(mapping, candidate, reference)
                                     : share_of<cv::Vec3f>(mapping, candidate, reference);
}

cv::Mat rest_of_mapping(const ColorMapping& mapping, const cv::Mat& candidate,
                        const cv::Mat& reference) {
  cv::Mat rest(candidate.size(), CV_32FC3);
  cv::parallel_for_(cv::Range(0, candidate.rows), [&](cv::Range rows) {
    for (int y = rows.start; y < rows.end; ++y) {
      const auto *to = candidate.ptr<cv::Vec3b>(y), *from = reference.ptr<cv::Vec3b>(y);
      auto* out = rest.ptr<cv::Vec3f>(y);
      for (int x = 0; x < candidate.cols; ++x)
        out[x] = cv::Vec3f(cv::Vec3d(to[x]) - mapping(from[x][0], from[x][1], from[x][2]));
    }
  });
  return rest;
}

}  // namespace sameseed
