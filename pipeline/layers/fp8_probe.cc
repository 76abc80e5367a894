#include "pipeline/layers/fp8_probe.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace sameseed {
namespace {

constexpr std::int64_t kFp8Depth = 5120, kFp8Tokens = 32, kFp8Channels = 64;

double relative(const at::Tensor& got, const at::Tensor& exact) {
  return ((got - exact).norm() / exact.norm()).item<double>();
}

}  // namespace

nlohmann::json to_json(const Fp8ProbeErrors& errors) {
  return {{"fp8_sums_error", errors.sums},
          {"fp8_error", errors.values},
          {"fp8_small_tokens_error", errors.small_tokens}};
}

Fp8ProbeProduct fp8_probe_product() {
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(0);
  const at::Tensor large = at::randn({kFp8Tokens, kFp8Depth}, random),
                   small = at::randn({kFp8Tokens, kFp8Depth}, random) * 0x1p-16,
                   w = at::randn({kFp8Channels, kFp8Depth}, random) /
                       std::sqrt(static_cast<double>(kFp8Depth));
  return {.x = at::cat({large, small}).to(at::kHalf), .w = w.to(at::kHalf)};
}

Fp8ProbeErrors fp8_probe_errors(const Fp8ProbeProduct& asked, const Fp8ProbeProduct& dequantised,
                                const at::Tensor& got) {
  const auto product = [](const Fp8ProbeProduct& of) {
    return at::linear(of.x.to(at::kDouble), of.w.to(at::kDouble)).split(kFp8Tokens);
  };
  const std::vector<at::Tensor> exact = product(asked), same = product(dequantised),
                                made = got.to(at::kDouble).split(kFp8Tokens);
  return {.sums = relative(made[0], same[0]),
          .values = relative(made[0], exact[0]),
          .small_tokens = relative(made[1], exact[1])};
}

}  // namespace sameseed
