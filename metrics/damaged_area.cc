#include "metrics/damaged_area.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <vector>

#include "metrics/images.h"

namespace sameseed {
namespace {

constexpr int kAreaBlock = 8;
constexpr double kMostOfTheError = 0.95;
constexpr double kClearlyDifferent = 16;     // a part of the mean squared error
constexpr double kRoundingPower = 1.0 / 12;  // squared levels

struct AreaBlock {
  int x = 0, y = 0;
  double error = 0, detail = 0;
  cv::Rect square;
};

// Of the steps to the right and down.
double squared_gradient(const cv::Mat& luma, int x, int y) {
  const auto* row = luma.ptr<double>(y);
  const double right = row[std::min(x + 1, luma.cols - 1)] - row[x],
               lower = luma.ptr<double>(std::min(y + 1, luma.rows - 1))[x] - row[x];
  return right * right + lower * lower + kRoundingPower;
}

std::vector<AreaBlock> blocks_of(const cv::Mat& candidate, const cv::Mat& reference,
                                 const cv::Mat& reference_luma) {
  const int across = (reference.cols + kAreaBlock - 1) / kAreaBlock,
            down = (reference.rows + kAreaBlock - 1) / kAreaBlock;
  std::vector<AreaBlock> blocks(static_cast<std::size_t>(across) * static_cast<std::size_t>(down));
  for (int y = 0; y < reference.rows; ++y) {
    const auto *a = candidate.ptr<cv::Vec3b>(y), *b = reference.ptr<cv::Vec3b>(y);
    for (int x = 0; x < reference.cols; ++x) {
      AreaBlock& block = blocks[static_cast<std::size_t>(y / kAreaBlock * across + x / kAreaBlock)];
      for (int c = 0; c < 3; ++c) block.error += (a[x][c] - b[x][c]) * (a[x][c] - b[x][c]);
      block.detail += squared_gradient(reference_luma, x, y);
    }
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const int x = static_cast<int>(i) % across * kAreaBlock,
              y = static_cast<int>(i) / across * kAreaBlock;
    blocks[i].x = x;
    blocks[i].y = y;
    blocks[i].square = {x, y, std::min(kAreaBlock, reference.cols - x),
                        std::min(kAreaBlock, reference.rows - y)};
  }
  return blocks;
}

// Of both lumas over these blocks.
double correlation_over(const std::vector<cv::Rect>& squares, const cv::Mat& a, const cv::Mat& b) {
  double n = 0, sa = 0, sb = 0, aa = 0, bb = 0, ab = 0;
  for (const cv::Rect& square : squares)
    for (int y = square.y; y < square.y + square.height; ++y)
      for (int x = square.x; x < square.x + square.width; ++x) {
        const double p = a.at<double>(y, x), q = b.at<double>(y, x);
        n += 1;
        sa += p;
        sb += q;
        aa += p * p;
        bb += q * q;
        ab += p * q;
      }
  const double va = aa - sa * sa / n, vb = bb - sb * sb / n;
  return va > 1e-6 && vb > 1e-6 ? (ab - sa * sb / n) / std::sqrt(va * vb) : 0;
}

// Squared gradients of a square, candidate / reference, between pixels that both differ by
// `least` squared levels or more: what lies beside a patch, and its edge, is not of it. Nothing
// where there are hardly any.
std::optional<double> energy_within(const cv::Rect& square, const cv::Mat& a, const cv::Mat& b,
                                    double least) {
  constexpr int kFewest = 8;  // pairs of pixels
  const auto differs = [&](int x, int y) {
    const double d = a.at<double>(y, x) - b.at<double>(y, x);
    return d * d >= least;
  };
  double candidate = 0, reference = 0;
  int pairs = 0;
  for (int y = square.y; y < square.y + square.height; ++y)
    for (int x = square.x; x < square.x + square.width; ++x)
      for (const auto& [u, v] : {std::pair(x + 1, y), {x, y + 1}}) {
        if (u >= a.cols || v >= a.rows || !differs(x, y) || !differs(u, v)) continue;
        const double p = a.at<double>(v, u) - a.at<double>(y, x),
                     q = b.at<double>(v, u) - b.at<double>(y, x);
        candidate += p * p;
        reference += q * q + kRoundingPower;
        ++pairs;
      }
  if (pairs < kFewest) return std::nullopt;
  return candidate / reference;
}

// 0 where a block has no variance to speak of.
double roughness_of(const cv::Mat& block) {
  cv::Scalar mean, deviation;
  cv::meanStdDev(block, mean, deviation);
  const double variance = deviation[0] * deviation[0];
  if (variance < 1 || block.cols < 2 || block.rows < 2) return 0;
  const cv::Mat across = block.colRange(1, block.cols) - block.colRange(0, block.cols - 1),
                down = block.rowRange(1, block.rows) - block.rowRange(0, block.rows - 1);
  const auto steps = static_cast<double>(across.total() + down.total());
  return (across.dot(across) + down.dot(down)) / steps / (2 * variance);
}

// The neighbours of the area's blocks that belong to it; those beyond the picture do not count.
double together(const cv::Mat& chosen) {
  double inside = 0, all = 0;
  for (int y = 0; y < chosen.rows; ++y)
    for (int x = 0; x < chosen.cols; ++x) {
      if (chosen.at<std::uint8_t>(y, x) == 0) continue;
      for (int v = std::max(0, y - 1); v <= std::min(chosen.rows - 1, y + 1); ++v)
        for (int u = std::max(0, x - 1); u <= std::min(chosen.cols - 1, x + 1); ++u) {
          if (u == x && v == y) continue;
          all += 1;
          inside += chosen.at<std::uint8_t>(v, u) != 0;
        }
    }
  return all > 0 ? inside / all : 1;
}

// Mean squared error of blocks that are more than two away from the chosen ones.
double error_away(const std::vector<AreaBlock>& blocks, const cv::Mat& chosen) {
  cv::Mat near;
  cv::dilate(chosen, near, cv::Mat::ones(5, 5, CV_8U));
  double error = 0, pixels = 0;
  for (const AreaBlock& block : blocks)
    if (near.at<std::uint8_t>(block.y / kAreaBlock, block.x / kAreaBlock) == 0) {
      error += block.error;
      pixels += block.square.area();
    }
  return pixels > 0 ? error / pixels : 0;
}

}  // namespace

DamagedArea damaged_area(const cv::Mat& candidate, const cv::Mat& reference,
                         const cv::Mat& candidate_luma, const cv::Mat& reference_luma) {
  std::vector<AreaBlock> blocks = blocks_of(candidate, reference, reference_luma);
  double error = 0, detail = 0;
  for (const AreaBlock& block : blocks) {
    error += block.error;
    detail += block.detail;
  }
  if (error == 0) return {};
  std::stable_sort(blocks.begin(), blocks.end(),
                   [](const AreaBlock& a, const AreaBlock& b) { return a.error > b.error; });
  DamagedArea area;
  cv::Rect frame;
  std::vector<cv::Rect> squares;
  cv::Mat chosen = cv::Mat::zeros((reference.rows + kAreaBlock - 1) / kAreaBlock,
                                  (reference.cols + kAreaBlock - 1) / kAreaBlock, CV_8U);
  double held = 0, held_detail = 0, pixels = 0;
  while (squares.size() < blocks.size() && held < kMostOfTheError * error) {
    const AreaBlock& block = blocks[squares.size()];
    held += block.error;
    held_detail += block.detail;
    pixels += block.square.area();
    chosen.at<std::uint8_t>(block.y / kAreaBlock, block.x / kAreaBlock) = 1;
    frame = squares.empty() ? block.square : frame | block.square;
    squares.push_back(block.square);
  }
  area.share = static_cast<double>(squares.size()) / static_cast<double>(blocks.size());
  area.detail_share = held_detail / detail;
  area.together = together(chosen);
  area.outside = error_away(blocks, chosen) / (held / pixels);
  double luma_error = 0;
  for (const cv::Rect& square : squares) {
    luma_error += cv::norm(candidate_luma(square), reference_luma(square), cv::NORM_L2SQR);
  }
  std::vector<double> energies;
  for (const cv::Rect& square : squares)
    if (const auto energy = energy_within(square, candidate_luma, reference_luma,
                                          luma_error / pixels / kClearlyDifferent))
      energies.push_back(*energy);
  if (energies.empty()) energies.push_back(0);
  area.energy_low = percentile(energies, 0.25);
  std::vector<double> roughness;
  for (const cv::Rect& square : squares) roughness.push_back(roughness_of(candidate_luma(square)));
  area.roughness = percentile(roughness, 0.5);
  area.correlation = correlation_over(squares, candidate_luma, reference_luma);
  area.frame = {frame.x, frame.y, frame.width, frame.height};
  return area;
}

}  // namespace sameseed
