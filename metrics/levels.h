// Which levels two pictures use, and how evenly.
#pragma once

#include <opencv2/core/mat.hpp>

namespace sameseed {

struct LevelUse {
  double ratio = 1;  // of the levels in use, those with a neighbour in use, candidate / reference
  double step = 1;   // from one level in use to the next, in the candidate's channel of that ratio
  double comb = 0;   // how uneven luma's histogram is, 0 to 2, candidate less reference
};

// 8-bit RGB of one size, and their lumas (CV_64F).
LevelUse level_use(const cv::Mat& candidate, const cv::Mat& reference,
                   const cv::Mat& candidate_luma, const cv::Mat& reference_luma);

}  // namespace sameseed
