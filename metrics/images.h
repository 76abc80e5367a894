// What the metrics share: checks of a pair, luma, tiles, percentiles.
#pragma once

#include <fmt/format.h>

#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "io/error.h"

namespace sameseed {

// A metric has no value for this pair; others may have theirs.
class TooSmall : public UserError {
 public:
  using UserError::UserError;
};

// "too small: 31 pixels a side are needed".
inline std::string too_small(int smallest) {
  return fmt::format("too small: {} pixels a side are needed", smallest);
}

// Throws UserError unless both are 8-bit RGB of one size, TooSmall where a side has less than
// `smallest` pixels.
inline void check_pair(const cv::Mat& candidate, const cv::Mat& reference, int smallest = 1) {
  if (candidate.type() != CV_8UC3 || reference.type() != CV_8UC3)
    throw UserError("pictures must be 8-bit RGB");
  if (candidate.size() != reference.size())
    throw UserError(fmt::format("the pictures differ in size: {}x{} against {}x{}", candidate.cols,
                                candidate.rows, reference.cols, reference.rows));
  if (candidate.cols < smallest || candidate.rows < smallest) throw TooSmall(too_small(smallest));
}

// 0.299 R + 0.587 G + 0.114 B (Rec. 601), unrounded: CV_64F, 0 to 255.
cv::Mat luma_of(const cv::Mat& picture);

// Tiles of 32 pixels a side that cover everything, row by row: the last ones of a side are moved in
// where they would stand out, and a side below 32 is one tile.
inline constexpr int kTile = 32;
std::vector<cv::Rect> tiles_of(cv::Size size);

// The value below which `share` (0 to 1) of the values lie, between two neighbours linearly, as
// numpy's default. Reorders them; there must be one at least.
double percentile(std::vector<double>& values, double share);

}  // namespace sameseed
