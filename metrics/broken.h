// What is broken about one picture, whatever it is compared with.
#pragma once

#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

namespace sameseed {

// Of an 8-bit RGB picture: none, or several of
//   "black"      99.9 % of the pixels are at most 8 in every channel;
//   "one colour" 99.9 % of the pixels are within 2 levels of the channels' medians;
//   "saturated"  of the pixels beside the commonest of the eight colours whose channels are 0 or
//   255,
//                9 in 10 are of these eight too, and three of the eight have 1 % of all pixels
//                each;
//   "pure noise" luma deviates by 10 levels or more, and neighbours correlate by less than 0.25
//   both
//                along rows and along columns: pictures, even textures, are far above.
// A dark picture, a drawing in black and white and an object on one flat colour are none of these.
std::vector<std::string> broken_ways(const cv::Mat& picture);

}  // namespace sameseed
