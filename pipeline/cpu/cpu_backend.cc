#include "pipeline/cpu/cpu_backend.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "pipeline/cpu/half_layers.h"

namespace sameseed {
namespace {

Tensor counted(Tensor x, bool half, std::int64_t& halves, std::int64_t& floats,
               std::int64_t& non_finite_values) {
  ++(half ? halves : floats);
  non_finite_values += non_finite(x);
  return x;
}

struct CpuConv2d final : Conv2d {
  Multiplier by;
  Conv2dConfig config;
  CpuCounters* counters = nullptr;
  Tensor forward(const Tensor& x, const Tensor& residual) const override {
    const Tensor output = counted(half_conv2d(x, by, config.kernel, config.stride, config.padding),
                                  by.block.has_value(), counters->conv_half, counters->conv_float,
                                  counters->non_finite);
    return residual.defined() ? residual + output : output;
  }
};

// The counters of a linear layer.
struct LinearCounts {
  CpuCounters* all = nullptr;
  bool in_transformer = false;

  Tensor counted(Tensor x, const Multiplier& by) const {
    if (by.fp8)
      return sameseed::counted(std::move(x), by.fp8->fast, all->fp8_fast, all->fp8_exact,
                               all->non_finite);
    if (in_transformer) ++all->linear_fp16;
    return sameseed::counted(std::move(x), by.block.has_value(), all->matmul_half,
                             all->matmul_float, all->non_finite);
  }
};

struct CpuLinear final : Linear {
  Multiplier by;
  LinearCounts counts;
  Tensor forward(const Tensor& x, const Tensor& residual) const override {
    const Tensor output = counts.counted(half_linear(x, by), by);
    return residual.defined() ? output + residual : output;
  }
};

// In FP8 one product, as on a GPU: a scale a tensor is then that of all its layers.
struct CpuFp8LinearGroup final : LinearGroup {
  Multiplier by;
  LinearCounts counts;
  std::int64_t out = 0;
  std::vector<Tensor> forward(const Tensor& x) const override {
    return counts.counted(half_linear(x, by), by).split(out, -1);
  }
};

struct CpuGeglu final : Geglu {
  Multiplier by;
  LinearCounts counts;
  Tensor forward(const Tensor& x) const override { return counts.counted(half_geglu(x, by), by); }
};

struct CpuGroupNorm final : GroupNorm {
  Tensor weight, bias;
  std::int64_t groups = 32;
  double eps = 1e-5;
  Tensor forward(const Tensor& x, Activation then, const Tensor& shift) const override {
    const Tensor shifted = shift.defined() ? x + shift.unsqueeze(-1).unsqueeze(-1) : x;
    return half_group_norm(shifted, groups, weight, bias, eps, then);
  }
};

struct CpuLayerNorm final : LayerNorm {
  Tensor weight, bias;
  double eps = 1e-5;
  Tensor forward(const Tensor& x) const override { return half_layer_norm(x, weight, bias, eps); }
};

class CpuBackend final : public Backend {
 public:
  CpuBackend(const CpuArithmetic& arithmetic, CpuCounters& counters, bool in_transformer)
      : arithmetic_(arithmetic), counters_(counters), in_transformer_(in_transformer) {}

  Backend& of_transformers() override {
    if (in_transformer_) return *this;
    if (!of_transformers_)
      of_transformers_ =
          std::make_unique<CpuBackend>(arithmetic_, counters_, /*in_transformer=*/true);
    return *of_transformers_;
  }

  at::ScalarType activation_type() const override { return at::kHalf; }

  std::unique_ptr<Conv2d> conv2d(const Weights& at, const Conv2dConfig& c) override {
    auto layer = std::make_unique<CpuConv2d>();
    layer->by = make_multiplier(at.tensor("weight", {c.out, c.in, c.kernel, c.kernel}),
                                at.tensor("bias", {c.out}), block_if(arithmetic_.conv_half));
    layer->config = c;
    layer->counters = &counters_;
    return layer;
  }

  std::unique_ptr<Linear> linear(const Weights& at, std::int64_t in, std::int64_t out,
                                 bool bias) override {
    return matmul<CpuLinear>(at, in, out, bias);
  }

  std::unique_ptr<LinearGroup> linear_group(const std::vector<Weights>& at, std::int64_t in,
                                            std::int64_t out, bool bias) override {
    if (!is_fp8()) return Backend::linear_group(at, in, out, bias);
    auto layer = std::make_unique<CpuFp8LinearGroup>();
    std::vector<Tensor> weights, biases;
    for (const Weights& member : at) {
      weights.push_back(member.tensor("weight", {out, in}));
      if (bias) biases.push_back(member.tensor("bias", {out}));
    }
    layer->by = make_fp8_multiplier(at::cat(weights, 0), bias ? at::cat(biases, 0) : Tensor(),
                                    *arithmetic_.fp8);
    layer->counts = {&counters_, in_transformer_};
    layer->out = out;
    return layer;
  }

  std::unique_ptr<Geglu> geglu(const Weights& at, std::int64_t in, std::int64_t inner) override {
    return matmul<CpuGeglu>(at, in, 2 * inner, true);
  }

  std::unique_ptr<GroupNorm> group_norm(const Weights& at, std::int64_t channels,
                                        std::int64_t groups, double eps) override {
    auto layer = std::make_unique<CpuGroupNorm>();
    layer->weight = at.tensor("weight", {channels}).to(at::kFloat);
    layer->bias = at.tensor("bias", {channels}).to(at::kFloat);
    layer->groups = groups;
    layer->eps = eps;
    return layer;
  }

  std::unique_ptr<LayerNorm> layer_norm(const Weights& at, std::int64_t channels,
                                        double eps) override {
    auto layer = std::make_unique<CpuLayerNorm>();
    layer->weight = at.tensor("weight", {channels}).to(at::kFloat);
    layer->bias = at.tensor("bias", {channels}).to(at::kFloat);
    layer->eps = eps;
    return layer;
  }

  Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v,
                   const AttentionShape& shape) const override {
    return counted(half_attention(q, k, v, shape, block_if(arithmetic_.attention_half)),
                   arithmetic_.attention_half, counters_.attention_half, counters_.attention_float,
                   counters_.non_finite);
  }

 private:
  bool is_fp8() const { return in_transformer_ && arithmetic_.fp8; }

  std::optional<int> block_if(bool half) const {
    return half ? std::optional<int>(arithmetic_.block) : std::nullopt;
  }

  template <typename Layer>
  std::unique_ptr<Layer> matmul(const Weights& at, std::int64_t in, std::int64_t out, bool bias) {
    auto layer = std::make_unique<Layer>();
    const Tensor weight = at.tensor("weight", {out, in}),
                 added = bias ? at.tensor("bias", {out}) : Tensor();
    layer->by = is_fp8() ? make_fp8_multiplier(weight, added, *arithmetic_.fp8)
                         : make_multiplier(weight, added, block_if(arithmetic_.matmul_half));
    layer->counts = {&counters_, in_transformer_};
    return layer;
  }

  CpuArithmetic arithmetic_;
  CpuCounters& counters_;
  bool in_transformer_;
  std::unique_ptr<CpuBackend> of_transformers_;
};

double relative_error(const Tensor& got, const Tensor& exact) {
  const Tensor wrong = got.to(at::kDouble) - exact;
  return (wrong.norm() / exact.norm()).item<double>();
}

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(const CpuArithmetic& arithmetic, CpuCounters& counters) {
  return std::make_unique<CpuBackend>(arithmetic, counters, /*in_transformer=*/false);
}

ProbeErrors probe_errors(const CpuArithmetic& arithmetic) {
  const auto block = [&](bool half) {
    return half ? std::optional<int>(arithmetic.block) : std::nullopt;
  };
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(0);
  const auto draw = [&](at::IntArrayRef shape, double deviation) {
    return (at::randn(shape, random) * deviation).to(at::kHalf);
  };
  constexpr std::int64_t kChannels = 320, kDepth = 9 * kChannels;
  const double deviation = 1 / std::sqrt(static_cast<double>(kDepth));

  const Tensor x = draw({64, kDepth}, 1), w = draw({64, kDepth}, deviation);
  const Tensor image = draw({1, kChannels, 10, 10}, 1);
  const Tensor filter = draw({64, kChannels, 3, 3}, deviation);
  const Tensor q = draw({1, 16, 64}, 1), k = draw({1, 1024, 64}, 1), v = draw({1, 1024, 64}, 1);
  return {.conv = relative_error(
              conv2d_sums(image, make_multiplier(filter, {}, block(arithmetic.conv_half)), 3, 1, 0),
              at::conv2d(image.to(at::kDouble), filter.to(at::kDouble))),
          .matmul =
              relative_error(linear_sums(x, make_multiplier(w, {}, block(arithmetic.matmul_half))),
                             at::linear(x.to(at::kDouble), w.to(at::kDouble))),
          .attention = relative_error(
              attention_sums(q, k, v, {.heads = 1}, block(arithmetic.attention_half)),
              at::scaled_dot_product_attention(q.to(at::kDouble), k.to(at::kDouble),
                                               v.to(at::kDouble)))};
}

Fp8ProbeErrors fp8_probe_errors(const Fp8Arithmetic& arithmetic) {
  const Fp8ProbeProduct asked = fp8_probe_product();
  const auto dequantised = [&](const Tensor& values) {
    const Tensor wide = values.to(at::kFloat);
    const Fp8Matrix made = quantise_e4m3(wide.const_data_ptr<float>(), wide.size(0), wide.size(1),
                                         arithmetic.scale_of);
    Tensor back = at::empty_like(wide);
    for (std::int64_t i = 0; i < wide.numel(); ++i)
      back.data_ptr<float>()[i] = made.value(i / wide.size(1), i % wide.size(1));
    return back;
  };
  return fp8_probe_errors(asked, {.x = dequantised(asked.x), .w = dequantised(asked.w)},
                          linear_sums(asked.x, make_fp8_multiplier(asked.w, {}, arithmetic)));
}

}  // namespace sameseed
