#include "reports/statistics/report_metric.h"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace sameseed {

double ReportMetric::loss(double value) const {
  if (unit == "dB") return 255.0 * 255.0 * std::pow(10.0, -value / 10);
  if (better == Direction::kNearer) return std::abs(value - identical);
  return better == Direction::kHigher ? identical - value : value - identical;
}

double ReportMetric::of_loss(double loss) const {
  if (unit == "dB") return 10 * std::log10(255.0 * 255.0 / loss);
  return better == Direction::kHigher ? identical - loss : identical + loss;
}

std::string ReportMetric::loss_unit() const { return unit == "dB" ? "levels^2" : unit; }

double ReportMetric::badness(double value) const {
  if (better == Direction::kNearer) return std::abs(value - identical);
  return better == Direction::kHigher ? -value : value;
}

Interval ReportMetric::range() const {
  constexpr double kLargest = std::numeric_limits<double>::max();
  if (unit == "dB") return {0, identical};  // the squared error of 8 bits has an end
  if (better == Direction::kNearer) return {-kLargest, kLargest};
  // SSIM and its kin are correlations at their lowest.
  if (better == Direction::kHigher) return {identical == 1 ? -1 : -kLargest, identical};
  const bool share =
      unit.empty() && (name.find("share") != std::string::npos || name.starts_with("flip."));
  return {0, share ? 1 : name.starts_with("difference.") ? 255 : kLargest};
}

const char* name_of(Direction better) {
  return better == Direction::kHigher ? "higher" : better == Direction::kLower ? "lower" : "nearer";
}

Direction direction_of(const std::string& word) {
  for (const Direction better : {Direction::kHigher, Direction::kLower, Direction::kNearer})
    if (word == name_of(better)) return better;
  throw std::invalid_argument("better must be higher, lower or nearer, not " + word);
}

}  // namespace sameseed
