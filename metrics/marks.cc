// marks: has the candidate marks that networks leave where they put pieces together?
//   periodic_share, period  of the squared difference of luma, less its means over 8 x 8, what
//   repeats
//       with a period of 2, 4 or 8 pixels in both directions, in tiles of 32: transposed
//       convolutions whose kernels overlap unevenly leave a checkerboard. Chance is taken off.
//       0 to 1; identical pictures: 0 (period: 1)
//   seam_ratio, seam_levels  the straight line, all across or all down, at which the difference
//       steps most, where the reference does not: the median step of pieces of 16 pixels along it
//       over that of an ordinary line; and that step, in levels. VAEs that decode tile by tile
//       leave such lines. Identical pictures: 1 and 0. The place is the line.
// None is symmetric. Better: lower.
#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core/utility.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "metrics/all_metrics.h"
#include "metrics/color_mapping.h"
#include "metrics/images.h"

namespace sameseed {
namespace {

constexpr int kSmallest = 64;  // pixels a side: four pieces of a line
constexpr int kMeans = 8, kFold = 32;
constexpr int kPiece = 16;
constexpr float kOrdinary = 0.3f;  // levels: below this an ordinary line has no steps

struct Periodic {
  double share = 0;
  int period = 1;
};

// Squares of what repeats in a tile, and of all, added to the sums.
void add_tile(const cv::Mat& tile, int period, double& repeating, double& all) {
  std::array<double, kMeans * kMeans> sums{};
  double squares = 0;
  for (int y = 0; y < tile.rows; ++y)
    for (int x = 0; x < tile.cols; ++x) {
      const double d = tile.at<float>(y, x);
      sums[static_cast<std::size_t>(y % period * period + x % period)] += d;
      squares += d * d;
    }
  const double each = static_cast<double>(tile.total()) / (period * period);
  for (const double sum : sums) repeating += sum * sum / each;
  all += squares;
}

Periodic periodic(const cv::Mat& candidate, const cv::Mat& reference) {
  cv::Mat difference, means;
  cv::subtract(candidate, reference, difference, cv::noArray(), CV_32F);
  cv::boxFilter(difference, means, CV_32F, {kMeans, kMeans});
  difference -= means;
  Periodic best;
  for (const int period : {2, 4, 8}) {
    double repeating = 0, all = 0;
    for (int y = 0; y + kFold <= difference.rows; y += kFold)
      for (int x = 0; x + kFold <= difference.cols; x += kFold)
        add_tile(difference(cv::Rect(x, y, kFold, kFold)), period, repeating, all);
    if (all <= 0) return {};
    const double chance = static_cast<double>(period * period) / (kFold * kFold);
    const double share = std::max(0.0, (repeating / all - chance) / (1 - chance));
    // A longer period repeats a shorter one's: it counts where it explains more.
    if (share > 1.1 * best.share) best = {share, period};
  }
  return best;
}

struct Seam {
  double ratio = 1, levels = 0;
  int at = 0;  // the line's first column
};

// Means over pieces of 16 rows: a row each, with 3 channels.
cv::Mat piece_means(const cv::Mat& picture) {
  cv::Mat means;
  const cv::Rect whole(0, 0, picture.cols, picture.rows / kPiece * kPiece);
  cv::resize(picture(whole), means, {picture.cols, picture.rows / kPiece}, 0, 0, cv::INTER_AREA);
  return means;
}

// Steps of `means` between the `width` columns behind x + gap and those before x - gap, longest
// channel; 0 near the border.
cv::Mat steps_across(const cv::Mat& means, int gap, int width) {
  cv::Mat steps = cv::Mat::zeros(means.size(), CV_32F), sums;
  const int reach = gap + width;
  for (int y = 0; y < means.rows; ++y) {
    std::vector<cv::Vec3d> until(static_cast<std::size_t>(means.cols) + 1);
    for (int x = 0; x < means.cols; ++x)
      until[static_cast<std::size_t>(x) + 1] =
          until[static_cast<std::size_t>(x)] + cv::Vec3d(means.at<cv::Vec3f>(y, x));
    const auto mean = [&](int from) {
      return (until[static_cast<std::size_t>(from + width)] -
              until[static_cast<std::size_t>(from)]) *
             (1.0 / width);
    };
    for (int x = reach; x + reach <= means.cols; ++x) {
      const cv::Vec3d step = mean(x + gap) - mean(x - reach);
      steps.at<float>(y, x) =
          static_cast<float>(std::max({std::abs(step[0]), std::abs(step[1]), std::abs(step[2])}));
    }
  }
  return steps;
}

float median(std::vector<float>& values) {
  const auto middle = values.begin() + static_cast<long>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// How far the difference steps where the reference does, per level of the reference's step: what
// three quarters of the places stay below.
float usual_part(const cv::Mat& steps, const cv::Mat& own) {
  std::vector<float> parts;
  for (int y = 0; y < steps.rows; ++y)
    for (int x = 0; x < steps.cols; ++x)
      parts.push_back(steps.at<float>(y, x) / (own.at<float>(y, x) + 1));
  const auto at = parts.begin() + static_cast<long>(parts.size() * 3 / 4);
  std::nth_element(parts.begin(), at, parts.end());
  return *at;
}

// The strongest line between two columns. Where the reference steps as well, a change of contrast
// or a blur makes the difference step: twice what is usual is taken off, piece by piece.
Seam strongest(const cv::Mat& difference, const cv::Mat& reference) {
  const cv::Mat means = piece_means(difference), of_reference = piece_means(reference);
  Seam best;
  for (const auto& [gap, width] : {std::pair(0, 4), {5, 8}}) {
    const cv::Mat steps = steps_across(means, gap, width),
                  own = steps_across(of_reference, gap, width);
    const float part = 2 * usual_part(steps, own);
    std::vector<float> lines, pieces(static_cast<std::size_t>(means.rows));
    std::vector<int> places;
    for (int x = gap + width; x + gap + width <= means.cols; ++x) {
      for (int y = 0; y < means.rows; ++y)
        pieces[static_cast<std::size_t>(y)] =
            std::max(0.f, steps.at<float>(y, x) - part * own.at<float>(y, x));
      lines.push_back(median(pieces));
      places.push_back(x);
    }
    if (lines.empty()) continue;
    const auto most = std::max_element(lines.begin(), lines.end());
    std::vector<float> sorted = lines;
    const double ratio = (*most + kOrdinary) / (median(sorted) + kOrdinary);
    if (ratio > best.ratio)
      best = {ratio, *most, places[static_cast<std::size_t>(most - lines.begin())]};
  }
  return best;
}

bool candidate_equals(const cv::Mat& candidate, const cv::Mat& reference) {
  return cv::norm(candidate, reference, cv::NORM_INF) == 0;
}

class Marks final : public Metric {
 public:
  std::vector<Quantity> quantities() const override {
    return {{"marks.periodic_share", "", Better::kLower, 0, false},
            {"marks.period", "pixels", Better::kLower, 1, false},
            {"marks.seam_ratio", "", Better::kLower, 1, false},
            {"marks.seam_levels", "levels", Better::kLower, 0, false}};
  }
  std::string definition() const override {
    return "of the difference (for seams: less one mapping of colours); periodic_share, period: "
           "squares of luma less means of 8x8 that "
           "repeat every 2, 4 or 8 pixels in tiles of 32x32; seam_ratio, seam_levels: the straight "
           "line with the largest median step in pieces of 16 pixels, over an ordinary line";
  }

  Scores score(const cv::Mat& candidate, const cv::Mat& reference) const override {
    check_pair(candidate, reference, kSmallest);
    const Periodic repeated = periodic(luma_of(candidate), luma_of(reference));
    // Less saturation steps wherever a colour ends: what one mapping explains is no seam.
    const ColorMapping mapping = fitted_mapping(block_means(candidate), block_means(reference));
    const cv::Mat difference = candidate_equals(candidate, reference)
                                   ? cv::Mat(cv::Mat::zeros(candidate.size(), CV_32FC3))
                                   : rest_of_mapping(mapping, candidate, reference);
    cv::Mat turned, exact;
    reference.convertTo(exact, CV_32FC3);
    Seam seam = strongest(difference, exact);
    Place place{seam.at - 2, 0, 4, candidate.rows};
    cv::transpose(difference, turned);
    cv::transpose(exact, exact);
    if (const Seam level = strongest(turned, exact); level.ratio > seam.ratio) {
      seam = level;
      place = {0, seam.at - 2, candidate.cols, 4};
    }
    Scores scores{
        .values = {repeated.share, static_cast<double>(repeated.period), seam.ratio, seam.levels}};
    if (seam.levels > 0) scores.places["marks.seam_ratio"] = place;
    return scores;
  }
};

}  // namespace

std::unique_ptr<Metric> make_marks() { return std::make_unique<Marks>(); }

}  // namespace sameseed
