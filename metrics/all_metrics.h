// Who makes each metric, one file each.
#pragma once

#include "metrics/metric.h"

namespace sameseed {

std::unique_ptr<Metric> make_psnr();
std::unique_ptr<Metric> make_ssim();
std::unique_ptr<Metric> make_difference();
std::unique_ptr<Metric> make_lpips(const std::string& weights);

}  // namespace sameseed
