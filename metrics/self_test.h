// Checks of the metrics on made pairs with known answers, run before every scoring.
#pragma once

#include <memory>
#include <vector>

#include "metrics/metric.h"

namespace sameseed {

// Throws std::runtime_error that names the check that failed.
void self_test(const std::vector<std::unique_ptr<Metric>>& metrics);

// The made pictures: smooth waves, and hashed noise, 64x64.
cv::Mat wave_image(int phase);
cv::Mat noise_image(unsigned seed);

}  // namespace sameseed
