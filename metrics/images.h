// What the metrics share: checks of a pair.
#pragma once

#include <fmt/format.h>

#include <opencv2/core.hpp>

#include "io/error.h"

namespace sameseed {

// Throws UserError unless both are 8-bit RGB of one size, `smallest` pixels a side at least.
inline void check_pair(const cv::Mat& candidate, const cv::Mat& reference, int smallest = 1) {
  if (candidate.type() != CV_8UC3 || reference.type() != CV_8UC3)
    throw UserError("pictures must be 8-bit RGB");
  if (candidate.size() != reference.size())
    throw UserError(fmt::format("the pictures differ in size: {}x{} against {}x{}", candidate.cols,
                                candidate.rows, reference.cols, reference.rows));
  if (candidate.cols < smallest || candidate.rows < smallest)
    throw UserError(fmt::format("a picture of {}x{} is too small: {} pixels a side are needed",
                                candidate.cols, candidate.rows, smallest));
}

}  // namespace sameseed
