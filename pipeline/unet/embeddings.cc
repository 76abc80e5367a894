#include "pipeline/unet/embeddings.h"

#include <ATen/ATen.h>

#include <cmath>

namespace sameseed {

Tensor sinusoidal_embedding(const Tensor& numbers, std::int64_t width, bool flip_sin_to_cos,
                            std::int64_t freq_shift) {
  const std::int64_t half = width / 2;
  Tensor exponent = at::arange(0, half, numbers.options().dtype(at::kFloat)) * -std::log(10000.0);
  exponent = exponent / (half - freq_shift);
  const Tensor angle = numbers.unsqueeze(1).to(at::kFloat) * at::exp(exponent).unsqueeze(0);
  Tensor embedding = flip_sin_to_cos ? at::cat({at::cos(angle), at::sin(angle)}, -1)
                                     : at::cat({at::sin(angle), at::cos(angle)}, -1);
  if (width % 2 == 1) embedding = at::constant_pad_nd(embedding, {0, 1});
  return embedding;
}

TimestepEmbedding::TimestepEmbedding(Backend& make, const Weights& at, std::int64_t in,
                                     std::int64_t out)
    : linear_1_(make.linear(at / "linear_1", in, out)),
      linear_2_(make.linear(at / "linear_2", out, out)) {}

Tensor TimestepEmbedding::forward(const Tensor& x) const {
  return linear_2_->forward(at::silu(linear_1_->forward(x)));
}

}  // namespace sameseed
