#include "metrics/all_metrics.h"

namespace sameseed {

std::vector<std::unique_ptr<Metric>> all_metrics(const std::string& weights) {
  std::vector<std::unique_ptr<Metric>> all;
  for (const auto make :
       {make_psnr, make_ssim, make_ms_ssim, make_gmsd, make_difference, make_detail, make_color,
        make_local, make_flip, make_pattern, make_blocks, make_marks})
    all.push_back(make());
  all.push_back(make_lpips(weights));
  return all;
}

}  // namespace sameseed
