// Who makes each metric, one file each.
#pragma once

#include "metrics/metric.h"

namespace sameseed {

std::unique_ptr<Metric> make_psnr();
std::unique_ptr<Metric> make_ssim();
std::unique_ptr<Metric> make_ms_ssim();
std::unique_ptr<Metric> make_gmsd();
std::unique_ptr<Metric> make_difference();
std::unique_ptr<Metric> make_detail();
std::unique_ptr<Metric> make_color();
std::unique_ptr<Metric> make_local();
std::unique_ptr<Metric> make_flip();
std::unique_ptr<Metric> make_pattern();
std::unique_ptr<Metric> make_blocks();
std::unique_ptr<Metric> make_marks();
std::unique_ptr<Metric> make_lpips(const std::string& weights);

}  // namespace sameseed
