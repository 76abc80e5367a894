// Embeddings of numbers: sinusoids, and the two small networks behind them.
#pragma once

#include <memory>

#include "pipeline/layers/backend.h"

namespace sameseed {

// numbers [n] (any type; taken in float32, not rounded) -> [n, width], float32. cos first where
// `flip_sin_to_cos`. Source: huggingface/diffusers:src/diffusers/models/embeddings.py,
// get_timestep_embedding.
Tensor sinusoidal_embedding(const Tensor& numbers, std::int64_t width, bool flip_sin_to_cos,
                            std::int64_t freq_shift);

// linear_1, SiLU, linear_2: [n, in] -> [n, out].
class TimestepEmbedding {
 public:
  TimestepEmbedding(Backend& make, const Weights& at, std::int64_t in, std::int64_t out);
  Tensor forward(const Tensor& x) const;

 private:
  std::unique_ptr<Linear> linear_1_, linear_2_;
};

}  // namespace sameseed
