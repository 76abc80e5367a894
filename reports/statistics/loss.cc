#include "reports/statistics/loss.h"

#include <cmath>

namespace sameseed {

double loss_of(double value, const Scale& scale) {
  if (scale.unit == "dB") return 255.0 * 255.0 * std::pow(10.0, -value / 10);
  if (scale.better == "nearer") return std::abs(value - scale.identical);
  return scale.better == "higher" ? scale.identical - value : value - scale.identical;
}

std::string loss_unit(const Scale& scale) { return scale.unit == "dB" ? "levels^2" : scale.unit; }

}  // namespace sameseed
