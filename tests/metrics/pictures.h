// Pictures and scores for the tests of metrics.
#pragma once

#include <map>
#include <string>

#include "io/picture.h"
#include "metrics/metric.h"

namespace sameseed {

inline const std::string kWeights = std::string(SAMESEED_SOURCE_DIR) + "/metrics/weights";

inline cv::Mat flat_image(int value, int width = 64, int height = 48) {
  return {height, width, CV_8UC3, cv::Scalar::all(value)};
}

inline cv::Mat picture_of(const std::string& file) {
  const Image image = read_picture(file).image;
  return cv::Mat(image.height, image.width, CV_8UC3, const_cast<std::uint8_t*>(image.rgb.data()))
      .clone();
}

// Of every metric that has values for this pair.
inline std::map<std::string, double> scores_of(const cv::Mat& candidate, const cv::Mat& reference) {
  std::map<std::string, double> all;
  for (const auto& metric : all_metrics(kWeights)) {
    const Scores scores = score_or_absent(*metric, candidate, reference);
    for (std::size_t i = 0; i < scores.values.size(); ++i)
      if (const std::string name = metric->quantities()[i].name; !scores.absent.contains(name))
        all[name] = scores.values[i];
  }
  return all;
}

}  // namespace sameseed
