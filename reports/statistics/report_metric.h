// A metric as a report knows it: its name, what its numbers mean, and its loss.
#pragma once

#include <string>

#include "reports/statistics/estimate.h"

namespace sameseed {

enum class Direction { kHigher, kLower, kNearer };  // kNearer: to the value for identical images

struct ReportMetric {
  std::string name;
  std::string unit;  // "dB": means and losses are those of the squared error
  Direction better = Direction::kLower;
  double identical = 0;  // the value for identical images; may be infinite
  std::string definition = {};
  std::string library = {};      // what computed it, with its version; empty: not told
  std::string unavailable = {};  // why it could not be computed; empty: it could

  bool available() const { return unavailable.empty(); }

  // A score as a loss: 0 for identical images, more is worse, and differences may be averaged. Of
  // dB the mean squared error in levels^2 of 8 bits; otherwise the distance to the value for
  // identical images on the bad side: identical - value where higher is better, value - identical
  // where lower is, |value - identical| where nearer is.
  double loss(double value) const;
  // The score that has this loss; where nearer is better, the one above.
  double of_loss(double loss) const;
  // "levels^2" for dB, otherwise the metric's own.
  std::string loss_unit() const;
  // What scores are sorted by: larger is worse.
  double badness(double value) const;
  // What the values of two pictures can be, by the metric's definition. Only a metric whose value
  // for identical images is infinite has infinite ones.
  Interval range() const;
};

// "higher", "lower" or "nearer", as scores.jsonl and report.json have it.
const char* name_of(Direction better);
// Throws std::invalid_argument for any other word.
Direction direction_of(const std::string& word);

}  // namespace sameseed
