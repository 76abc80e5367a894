#include "reference/aten_backend.h"

#include <ATen/ATen.h>

namespace sameseed {
namespace {

Tensor apply(Activation then, const Tensor& x) {
  switch (then) {
    case Activation::kNone:
      return x;
    case Activation::kSilu:
      return at::silu(x);
    case Activation::kGelu:
      return at::gelu(x);
    case Activation::kQuickGelu:
      return x * at::sigmoid(1.702 * x);
  }
  return x;
}

struct AtenConv2d final : Conv2d {
  Tensor weight, bias;
  Conv2dConfig config;
  Tensor forward(const Tensor& x, const Tensor& residual) const override {
    const Tensor output = at::conv2d(x, weight, bias, {config.stride, config.stride},
                                     {config.padding, config.padding});
    return residual.defined() ? residual + output : output;
  }
};

struct AtenLinear final : Linear {
  Tensor weight, bias;
  bool asks_for_gradients = true;  // in diffusers
  Tensor forward(const Tensor& x, const Tensor& residual) const override {
    const Tensor output = product(x);
    return residual.defined() ? output + residual : output;
  }

 private:
  Tensor product(const Tensor& x) const {
    if (x.is_contiguous() || x.dim() != 3 || !asks_for_gradients)
      return at::linear(x, weight, bias);
    // diffusers' weights ask for gradients (so do their views, under no_grad too), and for those
    // ATen folds a strided batch into one matrix. For ours it would multiply picture by picture:
    // another kernel, and with some shapes other roundings in fp32 and fp16. PEFT freezes all
    // weights of a component that gets a LoRA: then diffusers' are as ours.
    const Tensor sums =
        at::mm(x.reshape({-1, x.size(2)}), weight.t()).view({x.size(0), x.size(1), -1});
    return bias.defined() ? sums + bias : sums;
  }
};

struct AtenGroupNorm final : GroupNorm {
  Tensor weight, bias;
  std::int64_t groups = 32;
  double eps = 1e-5;
  Tensor forward(const Tensor& x, Activation then, const Tensor& shift) const override {
    const Tensor shifted = shift.defined() ? x + shift.unsqueeze(-1).unsqueeze(-1) : x;
    return apply(then, at::group_norm(shifted, groups, weight, bias, eps));
  }
};

struct AtenLayerNorm final : LayerNorm {
  Tensor weight, bias;
  double eps = 1e-5;
  Tensor forward(const Tensor& x) const override {
    return at::layer_norm(x, weight.sizes(), weight, bias, eps);
  }
};

struct AtenGeglu final : Geglu {
  Tensor weight, bias;
  Tensor forward(const Tensor& x) const override {
    const std::vector<Tensor> halves = at::linear(x, weight, bias).chunk(2, -1);
    return halves[0] * at::gelu(halves[1]);
  }
};

class AtenBackend final : public Backend {
 public:
  AtenBackend(at::ScalarType type, at::Device device) : type_(type), device_(device) {}

  at::ScalarType activation_type() const override { return type_; }
  at::Device device() const override { return device_; }

  std::unique_ptr<Conv2d> conv2d(const Weights& at, const Conv2dConfig& c) override {
    auto layer = std::make_unique<AtenConv2d>();
    layer->weight = read(at, "weight", {c.out, c.in, c.kernel, c.kernel});
    layer->bias = read(at, "bias", {c.out});
    layer->config = c;
    return layer;
  }

  std::unique_ptr<Linear> linear(const Weights& at, std::int64_t in, std::int64_t out,
                                 bool bias) override {
    auto layer = std::make_unique<AtenLinear>();
    layer->weight = read(at, "weight", {out, in});
    layer->asks_for_gradients = !at.has_loras();
    if (bias) layer->bias = read(at, "bias", {out});
    return layer;
  }

  std::unique_ptr<GroupNorm> group_norm(const Weights& at, std::int64_t channels,
                                        std::int64_t groups, double eps) override {
    auto layer = std::make_unique<AtenGroupNorm>();
    layer->weight = read(at, "weight", {channels});
    layer->bias = read(at, "bias", {channels});
    layer->groups = groups;
    layer->eps = eps;
    return layer;
  }

  std::unique_ptr<LayerNorm> layer_norm(const Weights& at, std::int64_t channels,
                                        double eps) override {
    auto layer = std::make_unique<AtenLayerNorm>();
    layer->weight = read(at, "weight", {channels});
    layer->bias = read(at, "bias", {channels});
    layer->eps = eps;
    return layer;
  }

  std::unique_ptr<Geglu> geglu(const Weights& at, std::int64_t in, std::int64_t inner) override {
    auto layer = std::make_unique<AtenGeglu>();
    layer->weight = read(at, "weight", {2 * inner, in});
    layer->bias = read(at, "bias", {2 * inner});
    return layer;
  }

  Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v,
                   const AttentionShape& shape) const override {
    const std::int64_t n = q.size(0), width = q.size(2), per_head = width / shape.heads;
    const auto split = [&](const Tensor& x) {
      return x.view({n, -1, shape.heads, per_head}).transpose(1, 2);
    };
    const Tensor joined =
        at::scaled_dot_product_attention(split(q), split(k), split(v), /*attn_mask=*/{},
                                         /*dropout_p=*/0.0, /*is_causal=*/shape.causal);
    return joined.transpose(1, 2).reshape({n, -1, width});
  }

 private:
  Tensor read(const Weights& at, const char* name, at::IntArrayRef shape) const {
    return at.tensor(name, shape).to(type_);
  }

  at::ScalarType type_;
  at::Device device_;
};

}  // namespace

std::unique_ptr<Backend> make_aten_backend(at::ScalarType type, at::Device device) {
  return std::make_unique<AtenBackend>(type, device);
}

}  // namespace sameseed
