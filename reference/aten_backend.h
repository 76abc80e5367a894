// Layers as plain ATen operations, the same ones in the same order as diffusers runs them.
#pragma once

#include <memory>

#include "pipeline/layers/backend.h"

namespace sameseed {

// Activations and weights in `type`: float32, float16 or bfloat16.
std::unique_ptr<Backend> make_aten_backend(at::ScalarType type, at::Device device = at::kCPU);

}  // namespace sameseed
