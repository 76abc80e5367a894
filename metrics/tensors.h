// Distances of tensors: final latents and text embeddings, before anything is rounded to pictures.
#pragma once

#include "io/safetensors.h"

namespace sameseed {

// ||candidate - reference|| / ||reference||, in double; 0 for two zero tensors. Throws UserError
// where shapes differ.
double relative_l2(const TensorView& candidate, const TensorView& reference);

// Standard deviation of all values, in double; NaN where one is none. Throws UserError for a tensor
// without values or of another kind than floating point.
double standard_deviation(const TensorView& tensor);

}  // namespace sameseed
