#include "pipeline/cuda/cuda_backend.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/cuda/CUDAStream.h>

#include <cmath>

#include "pipeline/cuda/kernels/kernels.h"

namespace sameseed::cuda {
namespace {

constexpr std::int64_t kVector = 8;            // channels a load, see kernels.h
constexpr std::int64_t kMostFlashWidth = 128;  // of a head; wider ones are the VAE's only
constexpr std::int64_t kQueriesAtOnce = 4096;  // of wide heads, whose scores lie in memory

cudaStream_t stream() { return c10::cuda::getCurrentCUDAStream(); }

std::int64_t padded(std::int64_t channels) { return (channels + kVector - 1) / kVector * kVector; }

const void* data_or_null(const Tensor& tensor) {
  return tensor.defined() ? tensor.const_data_ptr() : nullptr;
}

Half half_of(at::ScalarType type) { return type == at::kHalf ? Half::kFp16 : Half::kBf16; }

// What every layer knows.
struct Place {
  CudaArithmetic arithmetic;
  std::shared_ptr<DeviceContext> context;

  Half half() const { return half_of(arithmetic.type); }
};

// y [..., n] = x [..., k] * weight [n, k]^T + bias + residual
Tensor product(const Place& place, const Tensor& x, const Tensor& weight, const Tensor& bias,
               const Tensor& residual, bool half_sums) {
  const Tensor from = x.contiguous();
  const Tensor add = residual.defined() ? residual.contiguous() : residual;
  std::vector<std::int64_t> shape = x.sizes().vec();
  shape.back() = weight.size(0);
  Tensor y = at::empty(shape, x.options());
  const MatmulShape by{.m = from.numel() / weight.size(1),
                       .n = weight.size(0),
                       .k = weight.size(1),
                       .bias = bias.defined(),
                       .residual = add.defined(),
                       .half_sums = half_sums,
                       .type = place.arithmetic.type == at::kHalf ? CUDA_R_16F : CUDA_R_16BF};
  place.context->matmul.run(by, from.const_data_ptr(), weight.const_data_ptr(), data_or_null(bias),
                            data_or_null(add), y.mutable_data_ptr(), stream());
  return y;
}

// The same as a linear layer's: counted, and with sums as the switch says.
Tensor linear_product(const Place& place, const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Tensor& residual = {}) {
  const bool half_sums = place.arithmetic.matmul_half;
  ++(half_sums ? place.context->counters.matmul_half : place.context->counters.matmul_float);
  return product(place, x, weight, bias, residual, half_sums);
}

// x [n, in, h, w] and weight [out, in, k, k], both channels last; bias and residual may be
// undefined.
Tensor convolve(const Place& place, const Tensor& x, const Tensor& weight, const Tensor& bias,
                const Tensor& residual, const Conv2dConfig& config) {
  const ConvolutionShape shape{
      .n = x.size(0),
      .in = x.size(1),
      .height = x.size(2),
      .width = x.size(3),
      .out = weight.size(0),
      .kernel = config.kernel,
      .stride = config.stride,
      .padding = config.padding,
      .bias = bias.defined(),
      .residual = residual.defined(),
      .half_sums = place.arithmetic.conv_half,
      .type = place.arithmetic.type == at::kHalf ? CUDNN_DATA_HALF : CUDNN_DATA_BFLOAT16};
  Tensor y = at::empty({shape.n, shape.out, shape.out_height(), shape.out_width()}, x.options(),
                       at::MemoryFormat::ChannelsLast);
  place.context->convolution.run(shape, x.const_data_ptr(), weight.const_data_ptr(),
                                 data_or_null(bias), data_or_null(residual), y.mutable_data_ptr(),
                                 stream());
  ++(shape.half_sums ? place.context->counters.conv_half : place.context->counters.conv_float);
  return y;
}

struct CudaConv2d final : Conv2d {
  Place place;
  Conv2dConfig config;
  Tensor weight, bias;  // channels padded to whole vectors

  Unbiased forward_unbiased(const Tensor& x) const override {
    if (!takes_whole_vectors()) return {forward(x, {}), {}};
    return {convolve(place, x.contiguous(at::MemoryFormat::ChannelsLast), weight, {}, {}, config),
            bias};
  }

  Tensor forward(const Tensor& x, const Tensor& residual) const override {
    Tensor from = x;
    if (const std::int64_t missing = weight.size(1) - x.size(1); missing > 0)
      from = at::constant_pad_nd(x, {0, 0, 0, 0, 0, missing});
    from = from.contiguous(at::MemoryFormat::ChannelsLast);
    if (config.kernel == 1 && config.stride == 1 && !place.arithmetic.conv_half)
      return pointwise(from, residual);
    const bool whole = config.out == weight.size(0);
    const Tensor add = whole && residual.defined()
                           ? residual.contiguous(at::MemoryFormat::ChannelsLast)
                           : Tensor();
    const Tensor y = convolve(place, from, weight, bias, add, config);
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
    const Tensor y = product(place, rows(x), weight.flatten(1), bias,
                             residual.defined() ? rows(residual) : residual, false)
                         .permute({0, 3, 1, 2});
    ++place.context->counters.conv_float;
    return config.out == weight.size(0) ? y : y.slice(1, 0, config.out);
  }
};

struct CudaLinear final : Linear {
  Place place;
  Tensor weight, bias;
  Tensor forward(const Tensor& x, const Tensor& residual) const override {
    return linear_product(place, x, weight, bias, residual);
  }
};

struct CudaLinearGroup final : LinearGroup {
  Place place;
  Tensor weight, bias;  // of all layers, one below the other
  std::int64_t out = 0;
  std::vector<Tensor> forward(const Tensor& x) const override {
    return linear_product(place, x, weight, bias).split(out, -1);
  }
};

struct CudaGeglu final : Geglu {
  Place place;
  Tensor weight, bias;
  Tensor forward(const Tensor& x) const override {
    const Tensor both = linear_product(place, x, weight, bias);
    std::vector<std::int64_t> shape = both.sizes().vec();
    shape.back() /= 2;
    Tensor y = at::empty(shape, both.options());
    gelu_gate(both.const_data_ptr(), y.mutable_data_ptr(), y.numel() / shape.back(), shape.back(),
              place.half(), stream());
    return y;
  }
};

struct CudaGroupNorm final : GroupNorm {
  Place place;
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
               static_cast<float*>(scratch.mutable_data_ptr()), shape, place.half(), stream());
    return y;
  }
};

struct CudaLayerNorm final : LayerNorm {
  Place place;
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
               y.mutable_data_ptr(), x.numel() / channels, channels, eps, place.half(), stream());
    return {sum, y};
  }
};

// Scores in memory, in float32 and some rows at a time: for heads that no flash kernel takes.
// q, k, v [n, heads, tokens, width]
Tensor wide_attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(-1)));
  const Tensor keys = k.flatten(0, 1).transpose(1, 2), values = v.flatten(0, 1);
  std::vector<Tensor> rows;
  for (const Tensor& some : q.flatten(0, 1).split(kQueriesAtOnce, 1)) {
    const Tensor none =
        at::empty({some.size(0), some.size(1), keys.size(2)}, some.options().dtype(at::kFloat));
    const Tensor scores = at::baddbmm(none, some, keys, at::kFloat, /*beta=*/0, /*alpha=*/scale);
    rows.push_back(at::bmm(at::softmax(scores, -1).to(v.scalar_type()), values));
  }
  return at::cat(rows, 1).unflatten(0, {q.size(0), q.size(1)});
}

class CudaBackend final : public Backend {
 public:
  CudaBackend(const CudaArithmetic& arithmetic, std::shared_ptr<DeviceContext> context)
      : place_{arithmetic, std::move(context)} {}

  at::ScalarType activation_type() const override { return place_.arithmetic.type; }
  at::Device device() const override { return place_.context->device; }
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
    auto layer = make<CudaLinear>();
    layer->weight = at.tensor("weight", {out, in});
    if (bias) layer->bias = at.tensor("bias", {out});
    return layer;
  }

  std::unique_ptr<LinearGroup> linear_group(const std::vector<Weights>& at, std::int64_t in,
                                            std::int64_t out, bool bias) override {
    auto layer = make<CudaLinearGroup>();
    std::vector<Tensor> weights, biases;
    for (const Weights& one : at) {
      weights.push_back(one.tensor("weight", {out, in}));
      if (bias) biases.push_back(one.tensor("bias", {out}));
    }
    layer->weight = at::cat(weights, 0);
    if (bias) layer->bias = at::cat(biases, 0);
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
    auto layer = make<CudaLayerNorm>();
    layer->weight = at.tensor("weight", {channels});
    layer->bias = at.tensor("bias", {channels});
    layer->eps = eps;
    return layer;
  }

  std::unique_ptr<Geglu> geglu(const Weights& at, std::int64_t in, std::int64_t inner) override {
    auto layer = make<CudaGeglu>();
    layer->weight = at.tensor("weight", {2 * inner, in});
    layer->bias = at.tensor("bias", {2 * inner});
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
                           place_.half(), stream());
    return y;
  }

  Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v,
                   const sameseed::AttentionShape& shape) const override {
    const std::int64_t n = q.size(0), width = q.size(2), per_head = width / shape.heads;
    const auto split = [&](const Tensor& x) {
      return x.unflatten(-1, {shape.heads, per_head}).transpose(1, 2);
    };
    if (per_head % kVector == 0 && per_head <= kMostFlashWidth)
      return fused_attention(q, k, v, shape);
    const Tensor joined =
        shape.causal ? at::scaled_dot_product_attention(split(q), split(k), split(v), {}, 0.0, true)
                     : wide_attention(split(q), split(k), split(v));
    return joined.transpose(1, 2).reshape({n, -1, width});
  }

 private:
  // By cuDNN, from wherever the tokens lie: q, k and v may be parts of wider rows.
  Tensor fused_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                         const sameseed::AttentionShape& asked) const {
    const auto rows = [](const Tensor& x) {
      return x.stride(2) == 1 && x.stride(0) == x.size(1) * x.stride(1) ? x : x.contiguous();
    };
    const Tensor from_q = rows(q), from_k = rows(k), from_v = rows(v);
    Tensor y = at::empty(q.sizes(), q.options());
    place_.context->attention.run(
        {.n = q.size(0),
         .heads = asked.heads,
         .queries = q.size(1),
         .keys = k.size(1),
         .width = q.size(2) / asked.heads,
         .q_stride = from_q.stride(1),
         .k_stride = from_k.stride(1),
         .v_stride = from_v.stride(1),
         .causal = asked.causal,
         .type = place_.arithmetic.type == at::kHalf ? CUDNN_DATA_HALF : CUDNN_DATA_BFLOAT16},
        from_q.const_data_ptr(), from_k.const_data_ptr(), from_v.const_data_ptr(),
        y.mutable_data_ptr(), stream());
    return y;
  }

  template <typename Layer>
  std::unique_ptr<Layer> make() const {
    auto layer = std::make_unique<Layer>();
    layer->place = place_;
    return layer;
  }

  Place place_;
};

}  // namespace

std::unique_ptr<Backend> make_cuda_backend(const CudaArithmetic& arithmetic,
                                           std::shared_ptr<DeviceContext> context) {
  return std::make_unique<CudaBackend>(arithmetic, std::move(context));
}

ProbeErrors probe_errors(const CudaArithmetic& arithmetic, DeviceContext& context) {
  // A context that outlives the call: the layers' functions take it shared.
  const Place place{arithmetic, std::shared_ptr<DeviceContext>(&context, [](DeviceContext*) {})};
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(0);
  const auto draw = [&](at::IntArrayRef shape, double deviation) {
    return (at::randn(shape, random) * deviation).to(arithmetic.type);
  };
  const auto error = [](const Tensor& got, const Tensor& exact) {
    const Tensor wrong = got.cpu().to(at::kDouble) - exact;
    return (wrong.norm() / exact.norm()).item<double>();
  };
  constexpr std::int64_t kChannels = 320, kDepth = 9 * kChannels;
  const double deviation = 1 / std::sqrt(static_cast<double>(kDepth));
  const Tensor x = draw({64, kDepth}, 1), w = draw({64, kDepth}, deviation);
  const Tensor image = draw({1, kChannels, 16, 16}, 1);
  const Tensor filter = draw({64, kChannels, 3, 3}, deviation);
  const auto there = [&](const Tensor& tensor) { return tensor.to(context.device); };
  const auto last = [&](const Tensor& tensor) {
    return there(tensor).contiguous(at::MemoryFormat::ChannelsLast);
  };
  const Conv2dConfig config{.in = kChannels, .out = 64};
  return {
      .conv = error(convolve(place, last(image), last(filter), {}, {}, config),
                    at::conv2d(image.to(at::kDouble), filter.to(at::kDouble), {}, {1, 1}, {1, 1})),
      .matmul = error(linear_product(place, there(x), there(w), {}),
                      at::linear(x.to(at::kDouble), w.to(at::kDouble)))};
}

}  // namespace sameseed::cuda
