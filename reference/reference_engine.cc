#include "reference/reference_engine.h"

#include <ATen/ATen.h>
#include <ATen/native/ConvUtils.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "pipeline/env_flags.h"
#include "pipeline/sdxl_engine.h"
#include "reference/aten_backend.h"
#include "reference/pytorch_settings.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Median milliseconds of a 3x3 convolution over [2, 320, 128, 128] in fp16.
double probe_convolution(at::Device device) {
  const auto uneven = [device](at::IntArrayRef shape) {  // zeros would draw less power
    return at::arange(c10::multiply_integers(shape),
                      at::TensorOptions().dtype(at::kFloat).device(device))
        .sin()
        .to(at::kHalf)
        .reshape(shape);
  };
  const at::Tensor x = uneven({2, 320, 128, 128}), w = uneven({320, 320, 3, 3});
  constexpr int kRuns = 9;
  std::vector<double> times;
  for (int i = 0; i < kRuns; ++i) {
    Stopwatch watch(device);
    at::conv2d(x, w, {}, {1, 1}, {1, 1});
    watch.mark();
    times.push_back(watch.milliseconds().front());
  }
  std::nth_element(times.begin(), times.begin() + kRuns / 2, times.end());
  return times[kRuns / 2];
}

// Which convolution API LibTorch takes, and how long a convolution takes by it.
json cudnn_api(at::Device device) {
  const char* text = std::getenv(kCudnnV8Disabled);
  const char* const api = at::native::cudnnv8_enabled_check_debug() ? "v8" : "v7";
  return {
      {"value", text ? json(text) : json()},
      {"means", api},
      {"default", text == nullptr},
      {"acts", true},
      {"evidence", fmt::format("LibTorch calls cuDNN's {} API; a probe convolution took {:.3f} ms",
                               api, probe_convolution(device))}};
}

Arithmetic make_arithmetic(at::Device device, const LoadOptions& options, at::ScalarType vae_type) {
  refuse_settings_of_the_accelerated_engine(options);
  check_pytorch_settings(options, device);
  const at::ScalarType type = scalar_type_of(options.precision, "load.precision");
  Arithmetic arithmetic;
  arithmetic.backends.text = make_aten_backend(type, device);
  arithmetic.backends.unet = make_aten_backend(type, device);
  arithmetic.backends.vae = make_aten_backend(vae_type, device);
  arithmetic.effective.update(pytorch_settings(options));
  if (!device.is_cpu()) arithmetic.probes = pytorch_probes(device);
  for (const char* variable : {kConvHalf, kMatmulHalf, kAttentionHalf})
    arithmetic.effective[variable] = not_acting(variable, "acts on the accelerated engine only");
  arithmetic.effective[kCudnnV8Disabled] =
      device.is_cpu() ? not_acting(kCudnnV8Disabled, "no cuDNN convolution runs on a CPU")
                      : cudnn_api(device);
  return arithmetic;
}

}  // namespace

std::unique_ptr<Engine> make_reference_engine(at::Device device, MakeUpload upload) {
  return std::make_unique<SdxlEngine>(
      "reference", device.is_cpu() ? "fp32" : "fp16", device,
      [device](const LoadOptions& options, at::ScalarType vae_type) {
        return make_arithmetic(device, options, vae_type);
      },
      std::move(upload));
}

}  // namespace sameseed
