// Who makes a network's layers for one arithmetic. The network is written once and never asks which
// backend it has.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "pipeline/layers.h"
#include "pipeline/weights.h"

namespace sameseed {

struct Conv2dConfig {
  std::int64_t in = 0, out = 0;
  std::int64_t kernel = 3, stride = 1, padding = 1;
};

class Backend {
 public:
  virtual ~Backend() = default;

  // The type in which activations are stored between layers (and in which embeddings and latents
  // enter).
  virtual at::ScalarType activation_type() const = 0;

  virtual std::unique_ptr<Conv2d> conv2d(const Weights& at, const Conv2dConfig& config) = 0;
  virtual std::unique_ptr<Linear> linear(const Weights& at, std::int64_t in, std::int64_t out,
                                         bool bias = true) = 0;
  virtual std::unique_ptr<GroupNorm> group_norm(const Weights& at, std::int64_t channels,
                                                std::int64_t groups, double eps) = 0;
  virtual std::unique_ptr<LayerNorm> layer_norm(const Weights& at, std::int64_t channels,
                                                double eps) = 0;
  virtual std::unique_ptr<Geglu> geglu(const Weights& at, std::int64_t in, std::int64_t inner) = 0;

  // q [n, tokens, heads * d], k and v [n, keys, heads * d] -> [n, tokens, heads * d]; scale 1 /
  // sqrt(d).
  virtual Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v,
                           const AttentionShape& shape) const = 0;
};

}  // namespace sameseed
