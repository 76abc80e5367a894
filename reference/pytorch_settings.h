// PyTorch's own precision settings on a GPU, and the proof that they act.
#pragma once

#include <c10/core/Device.h>

#include <nlohmann/json.hpp>

#include "pipeline/engine.h"

namespace sameseed {

// Throws Unsupported that names the option where the device is a CPU, which has neither fp16 sums
// nor TF32.
void check_pytorch_settings(const LoadOptions& options, at::Device device);

// What of them the process uses, by name: 0 or 1, and null for PyTorch's own `tf32`.
nlohmann::json pytorch_settings(const LoadOptions& options);

// Relative RMS errors against float64 of a product in fp16 and of a product and a convolution in
// fp32, on a GPU, by the process's settings: {"fp16_accumulation_error", "tf32_matmul_error",
// "tf32_conv_error"}.
nlohmann::json pytorch_probes(at::Device device);

}  // namespace sameseed
