// Scores as losses: 0 for identical images, more is worse, and differences may be averaged.
#pragma once

#include <string>

#include "reports/statistics/statistics.h"

namespace sameseed {

// dB (whose identical value is infinite): the mean squared error in levels^2 of 8 bits. Otherwise
// the distance to the value for identical images on the bad side: identical - value where higher
// is better, value - identical where lower is, |value - identical| where nearer is.
double loss_of(double value, const Scale& scale);

// "levels^2" for dB, otherwise the scale's own.
std::string loss_unit(const Scale& scale);

}  // namespace sameseed
