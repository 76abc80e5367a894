#include "pipeline/cuda/cuda_backend.h"

#include <ATen/ATen.h>

#include "pipeline/cuda/cuda_attention.h"
#include "pipeline/cuda/cuda_fp8.h"
#include "pipeline/cuda/cuda_layers.h"

namespace sameseed::cuda {
namespace {

std::int64_t padded(std::int64_t channels) { return (channels + kVector - 1) / kVector * kVector; }

class CudaBackend final : public Backend {
 public:
  explicit CudaBackend(LayerContext context) : context_(std::move(context)) {}

  Backend& of_transformers() override {
    if (context_.in_transformer) return *this;
    if (!of_transformers_) {
      LayerContext inside = context_;
      inside.in_transformer = true;
      of_transformers_ = std::make_unique<CudaBackend>(inside);
    }
    return *of_transformers_;
  }

  at::ScalarType activation_type() const override { return context_.arithmetic.type; }
  at::Device device() const override { return context_.device->device; }
  at::MemoryFormat memory_format() const override { return at::MemoryFormat::ChannelsLast; }

  std::unique_ptr<Conv2d> conv2d(const Weights& at, const Conv2dConfig& c) override {
    auto layer = make<CudaConv2d>();
    const std::int64_t more_in = padded(c.in) - c.in, more_out = padded(c.out) - c.out;
    layer->weight = at.tensor("weight", {c.out, c.in, c.kernel, c.kernel});
    layer->bias = at.tensor("bias", {c.out});
    if (more_in > 0 || more_out > 0) {
      layer->weight = at::constant_pad_nd(layer->weight, {0, 0, 0, 0, 0, more_in, 0, more_out});
      layer->bias = at::constant_pad_nd(layer->bias, {0, more_out});
    }
    layer->weight = layer->weight.contiguous(at::MemoryFormat::ChannelsLast);
    layer->config = c;
    return layer;
  }

  std::unique_ptr<Linear> linear(const Weights& at, std::int64_t in, std::int64_t out,
                                 bool bias) override {
    const Tensor weight = at.tensor("weight", {out, in}),
                 added = bias ? at.tensor("bias", {out}) : Tensor();
    if (is_fp8()) {
      auto layer = make<CudaFp8Linear>();
      layer->by = fp8_weight(context_, weight, added);
      return layer;
    }
    auto layer = make<CudaLinear>();
    layer->weight = weight;
    layer->bias = added;
    return layer;
  }

  std::unique_ptr<LinearGroup> linear_group(const std::vector<Weights>& at, std::int64_t in,
                                            std::int64_t out, bool bias) override {
    std::vector<Tensor> weights, biases;
    for (const Weights& member : at) {
      weights.push_back(member.tensor("weight", {out, in}));
      if (bias) biases.push_back(member.tensor("bias", {out}));
    }
    const Tensor weight = at::cat(weights, 0), added = bias ? at::cat(biases, 0) : Tensor();
    if (is_fp8()) {
      auto layer = make<CudaFp8LinearGroup>();
      layer->by = fp8_weight(context_, weight, added);
      layer->out = out;
      return layer;
    }
    auto layer = make<CudaLinearGroup>();
    layer->weight = weight;
    layer->bias = added;
    layer->out = out;
    return layer;
  }

  std::unique_ptr<GroupNorm> group_norm(const Weights& at, std::int64_t channels,
                                        std::int64_t groups, double eps) override {
    auto layer = make<CudaGroupNorm>();
    layer->weight = at.tensor("weight", {channels});
    layer->bias = at.tensor("bias", {channels});
    layer->groups = groups;
    layer->eps = eps;
    return layer;
  }

  std::unique_ptr<LayerNorm> layer_norm(const Weights& at, std::int64_t channels,
                                        double eps) override {
    const auto filled = [&](auto layer) {
      layer->weight = at.tensor("weight", {channels});
      layer->bias = at.tensor("bias", {channels});
      layer->eps = eps;
      return layer;
    };
    // Only linear layers read the norms of transformers.
    if (is_fp8() && context_.arithmetic.fp8->row_scales && takes_codes(channels))
      return filled(make<CudaFp8LayerNorm>());
    return filled(make<CudaLayerNorm>());
  }

  std::unique_ptr<Geglu> geglu(const Weights& at, std::int64_t in, std::int64_t inner) override {
    const Tensor weight = at.tensor("weight", {2 * inner, in}),
                 bias = at.tensor("bias", {2 * inner});
    if (is_fp8()) {
      auto layer = make<CudaFp8Geglu>();
      layer->by = fp8_weight(context_, weight, bias);
      return layer;
    }
    if (gates_in_pairs() && in % kVector == 0 && inner % kVector == 0) {
      const auto in_pairs = [&](const Tensor& x) {
        return at::stack({x.slice(0, 0, inner), x.slice(0, inner)}, 1).flatten(0, 1);
      };
      auto layer = make<CudaPairedGeglu>();
      layer->weight = in_pairs(weight);
      layer->bias = in_pairs(bias);
      return layer;
    }
    auto layer = make<CudaGeglu>();
    layer->weight = weight;
    layer->bias = bias;
    return layer;
  }

  Tensor upsample_nearest(const Tensor& x, std::int64_t height, std::int64_t width) const override {
    if (x.size(1) % kVector != 0) return Backend::upsample_nearest(x, height, width);
    const Tensor from = x.contiguous(at::MemoryFormat::ChannelsLast);
    Tensor y = at::empty({x.size(0), x.size(1), height, width}, x.options(),
                         at::MemoryFormat::ChannelsLast);
    cuda::upsample_nearest(from.const_data_ptr(), y.mutable_data_ptr(),
                           {.n = x.size(0),
                            .height = x.size(2),
                            .width = x.size(3),
                            .to_height = height,
                            .to_width = width,
                            .channels = x.size(1)},
                           context_.half(), current_stream());
    return y;
  }

  Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v,
                   const sameseed::AttentionShape& shape) const override {
    return attend(context_, q, k, v, shape);
  }

 private:
  // Sums in fp16 are the library's alone.
  bool gates_in_pairs() const {
    return context_.arithmetic.type == at::kHalf && !context_.arithmetic.matmul_half &&
           context_.device->gated.is_there();
  }
  bool is_fp8() const { return context_.in_transformer && context_.arithmetic.fp8; }

  template <typename Layer>
  std::unique_ptr<Layer> make() const {
    auto layer = std::make_unique<Layer>();
    layer->context = context_;
    return layer;
  }

  LayerContext context_;
  std::unique_ptr<CudaBackend> of_transformers_;
};

}  // namespace

std::unique_ptr<Backend> make_cuda_backend(const CudaArithmetic& arithmetic,
                                           std::shared_ptr<DeviceContext> context,
                                           LayerCalls Counters::*network) {
  LayerCalls* const calls = &(context.get()->counters.*network);
  return std::make_unique<CudaBackend>(
      LayerContext{.arithmetic = arithmetic, .device = std::move(context), .calls = calls});
}

}  // namespace sameseed::cuda
