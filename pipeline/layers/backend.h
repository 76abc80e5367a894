// Who makes a network's layers for one arithmetic. The network is written once and never asks which
// backend it has.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/layers/layers.h"
#include "pipeline/model/weights.h"

namespace sameseed {

struct Conv2dConfig {
  std::int64_t in = 0, out = 0;
  std::int64_t kernel = 3, stride = 1, padding = 1;
};

class Backend {
 public:
  virtual ~Backend() = default;

  // Who makes the layers of the UNet's transformers, whose products may have a type of their own.
  // Lives as long as this one.
  virtual Backend& of_transformers() { return *this; }

  // The type in which activations are stored between layers (and in which embeddings and latents
  // enter).
  virtual at::ScalarType activation_type() const = 0;

  // Where the weights lie and the layers compute, and in which order pictures lie in memory.
  virtual at::Device device() const { return at::kCPU; }
  virtual at::MemoryFormat memory_format() const { return at::MemoryFormat::Contiguous; }

  virtual std::unique_ptr<Conv2d> conv2d(const Weights& at, const Conv2dConfig& config) = 0;
  virtual std::unique_ptr<Linear> linear(const Weights& at, std::int64_t in, std::int64_t out,
                                         bool bias = true) = 0;
  // One after the other, unless a backend knows better.
  virtual std::unique_ptr<LinearGroup> linear_group(const std::vector<Weights>& at, std::int64_t in,
                                                    std::int64_t out, bool bias);
  virtual std::unique_ptr<GroupNorm> group_norm(const Weights& at, std::int64_t channels,
                                                std::int64_t groups, double eps) = 0;
  virtual std::unique_ptr<LayerNorm> layer_norm(const Weights& at, std::int64_t channels,
                                                double eps) = 0;
  virtual std::unique_ptr<Geglu> geglu(const Weights& at, std::int64_t in, std::int64_t inner) = 0;

  // x [n, channels, h, w] -> [n, channels, height, width] by nearest neighbour
  virtual Tensor upsample_nearest(const Tensor& x, std::int64_t height, std::int64_t width) const;

  // q [n, tokens, heads * d], k and v [n, keys, heads * d] -> [n, tokens, heads * d]; scale 1 /
  // sqrt(d).
  virtual Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v,
                           const AttentionShape& shape) const = 0;
};

// Runs the UNet's steps otherwise than by calling them: as captured graphs. What depends on no
// picture is then made before the loop.
struct StepRunner {
  // Where all steps of an image find tensors that stay the same for them. Called once an image.
  std::function<std::vector<Tensor>(const std::vector<Tensor>&)> keep;
  // Runs `step` over `inputs` and returns its outputs, which last until the next call of this kind.
  // A kind stands for one sequence of operations; shapes are told apart here.
  using Step = std::function<std::vector<Tensor>(const std::vector<Tensor>& inputs)>;
  std::function<std::vector<Tensor>(const std::string& kind, const std::vector<Tensor>& inputs,
                                    const Step& step)>
      run;
};

}  // namespace sameseed
