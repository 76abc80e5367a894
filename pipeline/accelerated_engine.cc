#include "pipeline/accelerated_engine.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include "io/error.h"
#include "pipeline/cpu/cpu_backend.h"
#include "pipeline/cpu/half_layers.h"
#include "pipeline/env_flags.h"
#include "pipeline/sdxl_engine.h"

namespace sameseed {
namespace {

double relative_error(const Tensor& got, const Tensor& exact) {
  return ((got.to(at::kDouble) - exact).pow(2).sum() / exact.pow(2).sum()).sqrt().item<double>();
}

// Relative RMS errors, against float64, of one linear layer (1280 products a sum) and one
// convolution (1152) made as the network's are: about 1.3e-3 with a half accumulator of block 16,
// 2e-4 (the store alone) with a float one.
nlohmann::json probe_errors(const CpuArithmetic& cpu) {
  at::Generator generator = at::detail::createCPUGenerator(/*seed=*/1);
  const auto normal = [&](at::IntArrayRef shape) {
    return at::randn(shape, generator, at::TensorOptions().dtype(at::kFloat)).to(at::kHalf);
  };
  const auto block = [&](bool half) { return half ? std::optional(cpu.block) : std::nullopt; };
  const Tensor x = normal({64, 1280}), weight = normal({64, 1280});
  const Tensor product = half_linear(x, make_multiplier(weight, {}, block(cpu.matmul_half)));
  const Tensor image = normal({1, 128, 8, 8}), kernel = normal({64, 128, 3, 3});
  const Tensor convolved =
      half_conv2d(image, make_multiplier(kernel, at::zeros({64}), block(cpu.conv_half)), 3, 1, 1);
  return {{"matmul_error",
           relative_error(product, at::linear(x.to(at::kDouble), weight.to(at::kDouble)))},
          {"conv_error", relative_error(convolved, at::conv2d(image.to(at::kDouble),
                                                              kernel.to(at::kDouble), {}, 1, 1))}};
}

Arithmetic make_arithmetic(const MakePlainBackend& plain, const LoadOptions& options,
                           at::ScalarType vae_type) {
  if (options.precision != "fp16")
    throw Unsupported(fmt::format("load.precision = \"{}\": the accelerated engine works in fp16",
                                  options.precision));
  const int block = options.accumulation_block;
  if (block != 16 && block != 8 && block != 4)
    throw UserError(fmt::format("load.accumulation_block = {}: must be 16, 8 or 4", block));
  const EnvFlags flags = read_env_flags();
  const CpuArithmetic cpu{
      .conv_half = is_on(flags.conv_half), .matmul_half = is_on(flags.matmul_half), .block = block};
  const auto counters = std::make_shared<CpuCounters>();

  Arithmetic arithmetic;
  arithmetic.backends = {make_cpu_half_backend(cpu, *counters),
                         make_cpu_half_backend(cpu, *counters), plain(vae_type)};
  arithmetic.precision = options.precision;
  arithmetic.effective = effective(flags);
  arithmetic.effective[kCudnnV8Disabled] =
      not_acting(kCudnnV8Disabled, "acts on the reference's cuDNN convolutions only");
  arithmetic.effective["accumulation_block"] = block;
  arithmetic.probes = probe_errors(cpu);
  arithmetic.reset = [counters] { *counters = {}; };
  arithmetic.counters = [counters] {
    return nlohmann::json{{"conv_half", counters->conv_half},
                          {"conv_float", counters->conv_float},
                          {"matmul_half", counters->matmul_half},
                          {"matmul_float", counters->matmul_float},
                          {"non_finite", counters->non_finite}};
  };
  return arithmetic;
}

}  // namespace

std::unique_ptr<Engine> make_accelerated_engine(MakePlainBackend plain) {
  return std::make_unique<SdxlEngine>(
      "accelerated", "fp16",
      [plain = std::move(plain)](const LoadOptions& options, at::ScalarType vae_type) {
        return make_arithmetic(plain, options, vae_type);
      });
}

}  // namespace sameseed
