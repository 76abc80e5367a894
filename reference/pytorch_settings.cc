#include "reference/pytorch_settings.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace sameseed {

void check_pytorch_settings(const LoadOptions& options, at::Device device) {
  if (!device.is_cpu()) return;
  if (options.fp16_accumulation == 1)
    throw Unsupported(
        "load.fp16_accumulation = 1: PyTorch adds up in fp16 on a GPU only, and this is a CPU");
  if (options.tf32 == 1) throw Unsupported("load.tf32 = 1: a CPU has no TF32");
}

nlohmann::json pytorch_settings(const LoadOptions& options) {
  return {{"fp16_accumulation", options.fp16_accumulation},
          {"tf32", options.tf32 ? nlohmann::json(*options.tf32) : nlohmann::json()}};
}

nlohmann::json pytorch_probes(at::Device device) {
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(0);
  constexpr std::int64_t kChannels = 320, kDepth = 9 * kChannels;
  const double deviation = 1 / std::sqrt(static_cast<double>(kDepth));
  const auto draw = [&](at::IntArrayRef shape, double by, at::ScalarType type) {
    return (at::randn(shape, random) * by).to(type);
  };
  const auto error = [](const at::Tensor& got, const at::Tensor& exact) {
    return ((got.cpu().to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
  };
  const auto product = [&](at::ScalarType type) {
    const at::Tensor x = draw({64, kDepth}, 1, type), w = draw({64, kDepth}, deviation, type);
    return error(at::linear(x.to(device), w.to(device)),
                 at::linear(x.to(at::kDouble), w.to(at::kDouble)));
  };
  const at::Tensor image = draw({2, kChannels, 32, 32}, 1, at::kFloat),
                   filter = draw({kChannels, kChannels, 3, 3}, deviation, at::kFloat);
  return {{"fp16_accumulation_error", product(at::kHalf)},
          {"tf32_matmul_error", product(at::kFloat)},
          {"tf32_conv_error", error(at::conv2d(image.to(device), filter.to(device)),
                                    at::conv2d(image.to(at::kDouble), filter.to(at::kDouble)))}};
}

}  // namespace sameseed
