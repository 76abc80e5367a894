#include "pipeline/cpu/half_layers.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "pipeline/cpu/half_attention.h"

namespace sameseed {
namespace {

constexpr std::int64_t kPatchValues = 8 << 20;  // 32 MB

Tensor widened(const Tensor& x) { return x.to(at::kFloat).contiguous(); }

// a fp32 [rows, depth] -> fp32 [rows, out], bias included.
Tensor multiply(const Tensor& a, const Multiplier& by) {
  Tensor sums = at::empty({a.size(0), by.packed.n()});
  half_product(a.const_data_ptr<float>(), by.packed, sums.data_ptr<float>(), a.size(0), *by.block,
               at::get_num_threads());
  return by.bias.defined() ? sums.add_(by.bias) : sums;
}

// The same in FP8.
Tensor multiply_fp8(const Tensor& a, const Multiplier& by) {
  Tensor sums = at::empty({a.size(0), by.panels.n()});
  fp8_product(quantise_e4m3(a.const_data_ptr<float>(), a.size(0), a.size(1), by.fp8->scale_of),
              by.panels, sums.data_ptr<float>(), by.fp8->fast, at::get_num_threads());
  return by.bias.defined() ? sums.add_(by.bias) : sums;
}

struct Patches {
  std::int64_t height, width, channels;  // of the image
  std::int64_t out_height, out_width;    // of the result
  std::int64_t kernel, stride, padding;
};

// Rows [first, first + count) of the matrix whose row is what one output pixel sees.
void write_patches(const float* image, const Patches& p, std::int64_t first, std::int64_t count,
                   float* to) {
  for (std::int64_t row = first; row < first + count; ++row) {
    const std::int64_t top = row / p.out_width % p.out_height * p.stride - p.padding;
    const std::int64_t left = row % p.out_width * p.stride - p.padding;
    const float* sample =
        image + row / (p.out_height * p.out_width) * p.height * p.width * p.channels;
    for (std::int64_t y = top; y < top + p.kernel; ++y)
      for (std::int64_t x = left; x < left + p.kernel; ++x, to += p.channels)
        if (y < 0 || y >= p.height || x < 0 || x >= p.width)
          std::fill_n(to, p.channels, 0.0f);
        else
          std::copy_n(sample + (y * p.width + x) * p.channels, p.channels, to);
  }
}

Tensor apply_(Activation then, Tensor x) {
  switch (then) {
    case Activation::kNone:
      return x;
    case Activation::kSilu:
      return at::silu_(x);
    case Activation::kGelu:
      return at::gelu_(x);
    case Activation::kQuickGelu:
      return x.mul_(at::sigmoid(x * 1.702));
  }
  return x;
}

}  // namespace

Multiplier make_multiplier(const Tensor& weight, const Tensor& bias, std::optional<int> block) {
  Multiplier made;
  made.block = block;
  if (bias.defined()) made.bias = widened(bias);
  if (block) {
    const bool is_conv = weight.dim() == 4;
    const Tensor rows = widened(is_conv ? weight.permute({0, 2, 3, 1}) : weight);
    made.packed =
        PackedMatrix(rows.const_data_ptr<float>(), rows.size(0), rows.numel() / rows.size(0));
  } else {
    made.weight = widened(weight);
  }
  return made;
}

Multiplier make_fp8_multiplier(const Tensor& weight, const Tensor& bias,
                               const Fp8Arithmetic& arithmetic) {
  Multiplier made;
  made.fp8 = arithmetic;
  if (bias.defined()) made.bias = widened(bias);
  const Tensor rows = widened(weight);
  made.panels = Fp8Panels(
      quantise_e4m3(rows.const_data_ptr<float>(), rows.size(0), rows.size(1), arithmetic.scale_of));
  return made;
}

std::int64_t non_finite(const Tensor& x) {
  return x.numel() - at::isfinite(x).sum().item<std::int64_t>();
}

Tensor linear_sums(const Tensor& x, const Multiplier& by) {
  const Tensor a = widened(x);
  if (by.fp8) {
    std::vector<std::int64_t> to = x.sizes().vec();
    to.back() = by.panels.n();
    return multiply_fp8(a.view({-1, by.panels.k()}), by).view(to);
  }
  if (!by.block) return at::linear(a, by.weight, by.bias);
  std::vector<std::int64_t> shape = x.sizes().vec();
  shape.back() = by.packed.n();
  return multiply(a.view({-1, by.packed.k()}), by).view(shape);
}

Tensor half_linear(const Tensor& x, const Multiplier& by) {
  return linear_sums(x, by).to(at::kHalf);
}

Tensor half_geglu(const Tensor& x, const Multiplier& by) {
  const std::vector<Tensor> halves = linear_sums(x, by).chunk(2, -1);
  return at::gelu(halves[1]).mul_(halves[0]).to(at::kHalf);
}

Tensor conv2d_sums(const Tensor& x, const Multiplier& by, std::int64_t kernel, std::int64_t stride,
                   std::int64_t padding) {
  if (!by.block)
    return at::conv2d(widened(x), by.weight, by.bias, {stride, stride}, {padding, padding});

  const std::int64_t n = x.size(0), channels = x.size(1), height = x.size(2), width = x.size(3);
  const Tensor image = widened(x.permute({0, 2, 3, 1}));
  const Patches p{.height = height,
                  .width = width,
                  .channels = channels,
                  .out_height = (height + 2 * padding - kernel) / stride + 1,
                  .out_width = (width + 2 * padding - kernel) / stride + 1,
                  .kernel = kernel,
                  .stride = stride,
                  .padding = padding};
  const std::int64_t rows = n * p.out_height * p.out_width;
  Tensor sums = at::empty({rows, by.packed.n()});
  if (kernel == 1 && stride == 1 && padding == 0) {
    sums = multiply(image.view({rows, channels}), by);
  } else {
    // All rows of a large image's patches together would take hundreds of megabytes.
    const std::int64_t depth = by.packed.k();
    const std::int64_t most = std::max<std::int64_t>(1, kPatchValues / depth);
    const auto* pixels = image.const_data_ptr<float>();
    Tensor patches = at::empty({std::min(most, rows), depth});
    for (std::int64_t first = 0; first < rows; first += most) {
      const std::int64_t count = std::min(most, rows - first);
      auto* to = patches.data_ptr<float>();
      at::parallel_for(0, count, 64, [&](std::int64_t begin, std::int64_t end) {
        write_patches(pixels, p, first + begin, end - begin, to + begin * depth);
      });
      sums.narrow(0, first, count).copy_(multiply(patches.narrow(0, 0, count), by));
    }
  }
  return sums.view({n, p.out_height, p.out_width, by.packed.n()}).permute({0, 3, 1, 2});
}

Tensor half_conv2d(const Tensor& x, const Multiplier& by, std::int64_t kernel, std::int64_t stride,
                   std::int64_t padding) {
  return conv2d_sums(x, by, kernel, stride, padding).to(at::kHalf);
}

Tensor half_group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight,
                       const Tensor& bias, double eps, Activation then) {
  return apply_(then, at::group_norm(x.to(at::kFloat), groups, weight, bias, eps)).to(at::kHalf);
}

Tensor half_layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  return at::layer_norm(x.to(at::kFloat), weight.sizes(), weight, bias, eps).to(at::kHalf);
}

Tensor attention_sums(const Tensor& q, const Tensor& k, const Tensor& v,
                      const AttentionShape& shape, std::optional<int> block) {
  if (block) return half_sum_attention(q, k, v, shape, *block);
  const std::int64_t n = q.size(0), width = q.size(2);
  const auto split = [&](const Tensor& x) {
    return widened(x).view({n, -1, shape.heads, width / shape.heads}).transpose(1, 2);
  };
  const Tensor joined =
      at::scaled_dot_product_attention(split(q), split(k), split(v), /*attn_mask=*/{},
                                       /*dropout_p=*/0.0, /*is_causal=*/shape.causal);
  return joined.transpose(1, 2).reshape({n, -1, width});
}

Tensor half_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                      const AttentionShape& shape, std::optional<int> block) {
  return attention_sums(q, k, v, shape, block).to(at::kHalf);
}

}  // namespace sameseed
