#include "pipeline/cuda/probe.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace sameseed::cuda {

ProbeErrors probe_errors(const CudaArithmetic& arithmetic, DeviceContext& device) {
  // `device` outlives the call; a layer's context shares it.
  LayerCalls calls;  // a probe's are nobody's
  const LayerContext context{
      arithmetic, std::shared_ptr<DeviceContext>(&device, [](DeviceContext*) {}), &calls};
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(0);
  const auto draw = [&](at::IntArrayRef shape, double deviation) {
    return (at::randn(shape, random) * deviation).to(arithmetic.type);
  };
  const auto error = [](const Tensor& got, const Tensor& exact) {
    const Tensor wrong = got.cpu().to(at::kDouble) - exact;
    return (wrong.norm() / exact.norm()).item<double>();
  };
  constexpr std::int64_t kChannels = 320, kDepth = 9 * kChannels;
  const double deviation = 1 / std::sqrt(static_cast<double>(kDepth));
  const Tensor x = draw({64, kDepth}, 1), w = draw({64, kDepth}, deviation);
  const Tensor image = draw({1, kChannels, 16, 16}, 1);
  const Tensor filter = draw({64, kChannels, 3, 3}, deviation);
  const auto there = [&](const Tensor& tensor) { return tensor.to(device.device); };
  const auto last = [&](const Tensor& tensor) {
    return there(tensor).contiguous(at::MemoryFormat::ChannelsLast);
  };
  const Conv2dConfig config{.in = kChannels, .out = 64};
  return {
      .conv = error(convolve(context, last(image), last(filter), {}, {}, config),
                    at::conv2d(image.to(at::kDouble), filter.to(at::kDouble), {}, {1, 1}, {1, 1})),
      .matmul = error(linear_product(context, there(x), there(w), {}),
                      at::linear(x.to(at::kDouble), w.to(at::kDouble)))};
}

}  // namespace sameseed::cuda
