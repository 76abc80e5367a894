// Adding LoRAs to a weight, as diffusers' fuse_lora does with PEFT's layers.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "pipeline/model/lora.h"

namespace sameseed {

// A copy of `weight` (on the CPU, contiguous, in the component's type) with the deltas added one
// after another. Both halves are rounded to the weight's type first; in half precision they are
// multiplied in float32, and each difference is rounded to the weight's type before it is added
// (huggingface/peft:src/peft/tuners/lora/layer.py, get_delta_weight and merge: what it does on a
// CPU). A pipeline that is moved to a GPU after fuse_lora has these weights; one that fuses on the
// GPU multiplies there in half precision and has others.
at::Tensor with_loras(const at::Tensor& weight, const std::vector<LoraDelta>& deltas);

}  // namespace sameseed
