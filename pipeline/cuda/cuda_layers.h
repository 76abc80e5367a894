// The layers of the accelerated path on a GPU. Weights are set by who makes them (cuda_backend.cc).
#pragma once

#include <ATen/ATen.h>

#include "pipeline/cuda/cuda_products.h"

namespace sameseed::cuda {

inline constexpr std::int64_t kVector = 8;  // channels a load, see kernels.h

struct CudaConv2d final : Conv2d {
  LayerContext context;
  Conv2dConfig config;
  Tensor weight, bias;  // channels padded to whole vectors

  Tensor forward_unbiased(const Tensor& x) const override {
    if (!takes_whole_vectors()) return forward(x, {});
    return convolve(context, x.contiguous(at::MemoryFormat::ChannelsLast), weight, {}, {}, config);
  }
  Tensor left_out() const override { return takes_whole_vectors() ? bias : Tensor(); }

  // Of 1x1 convolutions: the sum of two products.
  Tensor forward_joined(const Tensor& first, const Tensor& second) const override {
    if (config.kernel != 1 || config.stride != 1 || context.arithmetic.conv_half) return {};
    if (!joined_first_) {
      joined_first_ = part(0, first.size(1), /*biased=*/false);
      joined_second_ = part(first.size(1), second.size(1), /*biased=*/true);
    }
    if (!joined_first_ || !joined_second_) return {};
    return joined_second_->forward(second, joined_first_->forward(first, {}));
  }

  std::unique_ptr<Conv2d> part(std::int64_t first, std::int64_t count, bool biased) const override {
    if (!takes_whole_vectors() || first % kVector != 0 || count % kVector != 0) return nullptr;
    auto some = std::make_unique<CudaConv2d>();
    some->context = context;
    some->config = config;
    some->config.in = count;
    some->weight = weight.slice(1, first, first + count).contiguous(at::MemoryFormat::ChannelsLast);
    if (biased) some->bias = bias;
    return some;
  }

  Tensor forward(const Tensor& x, const Tensor& residual) const override {
    Tensor from = x;
    if (const std::int64_t missing = weight.size(1) - x.size(1); missing > 0)
      from = at::constant_pad_nd(x, {0, 0, 0, 0, 0, missing});
    from = from.contiguous(at::MemoryFormat::ChannelsLast);
    if (config.kernel == 1 && config.stride == 1 && !context.arithmetic.conv_half)
      return pointwise(from, residual);
    const bool whole = config.out == weight.size(0);
    const Tensor add = whole && residual.defined()
                           ? residual.contiguous(at::MemoryFormat::ChannelsLast)
                           : Tensor();
    const Tensor y = convolve(context, from, weight, bias, add, config);
    if (whole) return y;
    const Tensor own = y.slice(1, 0, config.out);
    return residual.defined() ? own + residual : own;
  }

 private:
  // Made at the first call, when it is known where the channels part.
  mutable std::unique_ptr<Conv2d> joined_first_, joined_second_;

  bool takes_whole_vectors() const {
    return config.in == weight.size(1) && config.out == weight.size(0);
  }

  // A 1x1 convolution is a product over the channels of each pixel.
  Tensor pointwise(const Tensor& x, const Tensor& residual) const {
    const auto rows = [](const Tensor& picture) { return picture.permute({0, 2, 3, 1}); };
    const Tensor y = product(context, rows(x), weight.flatten(1), bias,
                             residual.defined() ? rows(residual) : residual, false)
                         .permute({0, 3, 1, 2});
    ++context.calls->conv_float;
    return config.out == weight.size(0) ? y : y.slice(1, 0, config.out);
  }
};

struct CudaLinear final : Linear {
  LayerContext context;
  Tensor weight, bias;
  Tensor forward(const Tensor& x, const Tensor& residual) const override {
    return linear_product(context, x, weight, bias, residual);
  }
};

struct CudaLinearGroup final : LinearGroup {
  LayerContext context;
  Tensor weight, bias;  // of all layers, one below the other
  std::int64_t out = 0;
  std::vector<Tensor> forward(const Tensor& x) const override {
    return linear_product(context, x, weight, bias).split(out, -1);
  }
};

struct CudaGeglu final : Geglu {
  LayerContext context;
  Tensor weight, bias;
  Tensor forward(const Tensor& x) const override {
    return gated(context, linear_product(context, x, weight, bias));
  }
};

// A value's row of the weights and its gate's are neighbours, so that one kernel may do both.
struct CudaPairedGeglu final : Geglu {
  LayerContext context;
  Tensor weight, bias;
  Tensor forward(const Tensor& x) const override {
    const Tensor from = x.contiguous();
    std::vector<std::int64_t> shape = x.sizes().vec();
    shape.back() = weight.size(0) / 2;
    Tensor y = at::empty(shape, x.options()), both;
    const auto room = [&] {
      if (!both.defined()) both = at::empty({y.numel() * 2}, x.options());
      return both.mutable_data_ptr();
    };
    context.device->gated.run({.m = y.numel() / shape.back(),
                               .inner = shape.back(),
                               .k = x.size(-1),
                               .x = from.const_data_ptr(),
                               .w = weight.const_data_ptr(),
                               .bias = bias.const_data_ptr(),
                               .y = y.mutable_data_ptr()},
                              room, current_stream());
    ++context.calls->matmul_float;
    if (context.in_transformer) ++context.calls->linear_fp16;
    return y;
  }
};

struct CudaGroupNorm final : GroupNorm {
  LayerContext context;
  Tensor weight, bias;
  std::int64_t groups = 32;
  double eps = 1e-5;
  Tensor forward(const Tensor& x, Activation then, const Tensor& shift) const override {
    return run(x, {}, then, shift);
  }
  Tensor forward_joined(const Tensor& first, const Tensor& second, Activation then) const override {
    if (first.size(1) % kVector != 0) return {};
    return run(first, second, then, {});
  }
  std::unique_ptr<GroupNorm> part(std::int64_t first, std::int64_t count) const override {
    const std::int64_t per_group = weight.size(0) / groups;
    if (first % per_group != 0 || count % per_group != 0 || count % kVector != 0) return nullptr;
    auto some = std::make_unique<CudaGroupNorm>();
    some->context = context;
    some->weight = weight.slice(0, first, first + count).clone();
    some->bias = bias.slice(0, first, first + count).clone();
    some->groups = count / per_group;
    some->eps = eps;
    return some;
  }

 private:
  // `second`: what lies behind x's channels, or undefined.
  Tensor run(const Tensor& x, const Tensor& second, Activation then, const Tensor& shift) const {
    const Tensor from = x.contiguous(at::MemoryFormat::ChannelsLast),
                 behind =
                     second.defined() ? second.contiguous(at::MemoryFormat::ChannelsLast) : second;
    const std::int64_t n = shift.defined() ? std::max(x.size(0), shift.size(0)) : x.size(0);
    Tensor y = at::empty({n, weight.size(0), x.size(2), x.size(3)}, x.options(),
                         at::MemoryFormat::ChannelsLast);
    const GroupNormShape shape{.n = n,
                               .pixels = x.size(2) * x.size(3),
                               .channels = weight.size(0),
                               .groups = groups,
                               .eps = eps,
                               .silu = then == Activation::kSilu,
                               .pictures = x.size(0),
                               .first_channels = x.size(1)};
    const Tensor scratch = at::empty({static_cast<std::int64_t>(group_norm_scratch(shape))},
                                     x.options().dtype(at::kByte));
    group_norm(from.const_data_ptr(), data_or_null(behind), data_or_null(shift),
               shift.defined() && shift.size(0) > 1 ? shift.stride(0) : 0, weight.const_data_ptr(),
               bias.const_data_ptr(), y.mutable_data_ptr(),
               static_cast<float*>(scratch.mutable_data_ptr()), shape, context.half(),
               current_stream());
    return y;
  }
};

struct CudaLayerNorm final : LayerNorm {
  LayerContext context;
  Tensor weight, bias;
  double eps = 1e-5;
  Tensor forward(const Tensor& x) const override { return run(x, {}).normed; }
  Summed forward_sum(const Tensor& x, const Tensor& residual) const override {
    return run(x, residual.contiguous());
  }

 private:
  Summed run(const Tensor& x, const Tensor& residual) const {
    const Tensor from = x.contiguous();
    Tensor sum = residual.defined() ? at::empty_like(from) : Tensor(), y = at::empty_like(from);
    const std::int64_t channels = x.size(-1);
    layer_norm(from.const_data_ptr(), data_or_null(residual), weight.const_data_ptr(),
               bias.const_data_ptr(), sum.defined() ? sum.mutable_data_ptr() : nullptr,
               y.mutable_data_ptr(), x.numel() / channels, channels, eps, context.half(),
               current_stream());
    return {sum, y};
  }
};

}  // namespace sameseed::cuda
