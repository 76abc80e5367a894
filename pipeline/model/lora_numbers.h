// A single number of a safetensors file, without LibTorch.
#pragma once

#include <optional>

#include "io/safetensors.h"

namespace sameseed {

// The value of a tensor with one element, of F64, F32, F16, BF16, I64 or I32; nothing where it is
// another tensor, or not finite.
std::optional<double> scalar_of(const TensorView& view);

}  // namespace sameseed
