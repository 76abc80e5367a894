#include "metrics/all_metrics.h"

namespace sameseed {

std::vector<std::unique_ptr<Metric>> all_metrics(const std::string& weights) {
  std::vector<std::unique_ptr<Metric>> all;
  all.push_back(make_psnr());
  all.push_back(make_ssim());
  all.push_back(make_difference());
  all.push_back(make_lpips(weights));
  return all;
}

}  // namespace sameseed
