#include "pipeline/layers/backend.h"

#include <ATen/ATen.h>

namespace sameseed {
namespace {

struct SeparateLinears final : LinearGroup {
  std::vector<std::unique_ptr<Linear>> layers;
  std::vector<Tensor> forward(const Tensor& x) const override {
    std::vector<Tensor> outputs;
    for (const auto& layer : layers) outputs.push_back(layer->forward(x));
    return outputs;
  }
};

}  // namespace

LayerNorm::Summed LayerNorm::forward_sum(const Tensor& x, const Tensor& residual) const {
  const Tensor sum = x + residual;
  return {sum, forward(sum)};
}

Tensor Backend::upsample_nearest(const Tensor& x, std::int64_t height, std::int64_t width) const {
  return at::upsample_nearest2d(x, {height, width});
}

std::unique_ptr<LinearGroup> Backend::linear_group(const std::vector<Weights>& at, std::int64_t in,
                                                   std::int64_t out, bool bias) {
  auto group = std::make_unique<SeparateLinears>();
  for (const Weights& place : at) group->layers.push_back(linear(place, in, out, bias));
  return group;
}

}  // namespace sameseed
