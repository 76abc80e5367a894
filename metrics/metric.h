// What a metric is: it scores a candidate against its reference and says what its numbers mean.
#pragma once

#include <map>
#include <memory>
#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sameseed {

enum class Better { kHigher, kLower, kNearer };  // kNearer: to the value for identical images

// One number of a metric: its full name ("ssim.gaussian"), unit ("dB", or empty), direction, the
// value for identical images (may be +infinity), and whether a swapped pair has the same value.
struct Quantity {
  std::string name;
  std::string unit;
  Better better;
  double identical;
  bool symmetric = true;
};

struct Place {
  int x, y, width, height;  // pixels, from the upper left corner
};

struct Scores {
  std::vector<double> values;  // one for each quantity, in their order; NaN where `absent`
  cv::Mat map;                 // CV_32F, where the metric has one; may be empty
  std::map<std::string, std::string>
      absent;  // why a quantity has no value ("too small: ..."), by its name
  std::map<std::string, Place> places;  // where a quantity has its worst, by the quantity's name
};

class Metric {
 public:
  virtual ~Metric() = default;
  virtual std::vector<Quantity> quantities() const = 0;
  virtual std::string definition()
      const = 0;  // one line: window, range, colour handling, weights hash
  virtual std::string library() const {
    return {};
  }  // that computes it, with its version, or empty
  virtual std::string unavailable() const { return {}; }  // why it cannot score, or empty
  // 8-bit RGB images (CV_8UC3) of equal size; throws UserError where they are not, and of these
  // TooSmall (metrics/images.h) where they are too small for every quantity.
  virtual Scores score(const cv::Mat& candidate, const cv::Mat& reference) const = 0;
};

// The same, with all quantities absent where the pair is too small for them.
Scores score_or_absent(const Metric& metric, const cv::Mat& candidate, const cv::Mat& reference);

// The one list of metrics. `weights` is the folder that holds `lpips/`.
std::vector<std::unique_ptr<Metric>> all_metrics(const std::string& weights);

}  // namespace sameseed
