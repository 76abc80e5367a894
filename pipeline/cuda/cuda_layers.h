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

  Unbiased forward_unbiased(const Tensor& x) const override {
    if (!takes_whole_vectors()) return {forward(x, {}), {}};
    return {convolve(context, x.contiguous(at::MemoryFormat::ChannelsLast), weight, {}, {}, config),
            bias};
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
    const Tensor both = linear_product(context, x, weight, bias);
    std::vector<std::int64_t> shape = both.sizes().vec();
    shape.back() /= 2;
    Tensor y = at::empty(shape, both.options());
    gelu_gate(both.const_data_ptr(), y.mutable_data_ptr(), y.numel() / shape.back(), shape.back(),
              context.half(), current_stream());
    return y;
  }
};

struct CudaGroupNorm final : GroupNorm {
  LayerContext context;
  Tensor weight, bias;
  std::int64_t groups = 32;
  double eps = 1e-5;
  Tensor forward(const Tensor& x, Activation then, const Tensor& shift) const override {
    const Tensor from = x.contiguous(at::MemoryFormat::ChannelsLast);
    Tensor y = at::empty_like(from);
    const GroupNormShape shape{.n = x.size(0),
                               .pixels = x.size(2) * x.size(3),
                               .channels = x.size(1),
                               .groups = groups,
                               .eps = eps,
                               .silu = then == Activation::kSilu};
    const Tensor scratch = at::empty({static_cast<std::int64_t>(group_norm_scratch(shape))},
                                     x.options().dtype(at::kByte));
    group_norm(from.const_data_ptr(), data_or_null(shift),
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
