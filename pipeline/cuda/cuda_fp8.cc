#include "pipeline/cuda/cuda_fp8.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "pipeline/cuda/check.h"
#include "pipeline/cuda/kernels/quantise.h"
#include "pipeline/engine.h"

namespace sameseed::cuda {
namespace {

constexpr std::int64_t kFp8Multiple = 16;    // what cuBLASLt asks of the sides of an FP8 product
constexpr int kFp8Major = 8, kFp8Minor = 9;  // the first compute capability that multiplies E4M3

void check_capability(at::Device device) {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, device.index()), "the device's properties");
  if (properties.major * 10 + properties.minor < kFp8Major * 10 + kFp8Minor)
    throw Unsupported(
        fmt::format("load.linear: products in FP8 need compute capability {}.{}, and {} has {}.{}",
                    kFp8Major, kFp8Minor, properties.name, properties.major, properties.minor));
}

}  // namespace

Tensor room_for_codes(at::IntArrayRef shape, at::Device device) {
  const std::int64_t codes = c10::multiply_integers(shape), rows = codes / shape.back();
  const Tensor bytes = at::empty({codes + rows * static_cast<std::int64_t>(sizeof(float))},
                                 at::TensorOptions().dtype(at::kFloat8_e4m3fn).device(device));
  return bytes.slice(0, 0, codes).view(shape);
}

Fp8Tensor parts_of(const Tensor& with_scales) {
  const std::int64_t codes = with_scales.numel(), rows = codes / with_scales.size(-1);
  TORCH_INTERNAL_ASSERT(with_scales.is_contiguous() && with_scales.storage_offset() == 0 &&
                        with_scales.storage().nbytes() == codes + rows * sizeof(float));
  const Tensor bytes = with_scales.view(at::kByte);
  return {.codes = bytes,
          .scales = bytes.as_strided({rows * static_cast<std::int64_t>(sizeof(float))}, {1}, codes)
                        .view(at::kFloat)};
}

bool takes_codes(std::int64_t columns) {
  return columns % kFp8Multiple == 0 && columns <= kMostQuantised;
}

Fp8Tensor quantise(const LayerContext& context, const Tensor& x) {
  if (x.scalar_type() == at::kFloat8_e4m3fn) return parts_of(x);
  const Tensor from = x.contiguous();
  const std::int64_t columns = x.size(-1), rows = x.numel() / columns;
  if (columns % kFp8Multiple != 0)
    throw Unsupported(fmt::format(
        "load.linear: products in FP8 have a depth of a multiple of {}, this one has {}",
        kFp8Multiple, columns));
  const bool by_row = context.arithmetic.fp8->row_scales;
  Fp8Tensor made{.codes = at::empty(x.sizes(), x.options().dtype(at::kByte)),
                 .scales = at::empty({by_row ? rows : 1}, x.options().dtype(at::kFloat))};
  auto* const scales = made.scales.mutable_data_ptr<float>();
  if (by_row) {
    quantise_rows(from.const_data_ptr(), made.codes.mutable_data_ptr(), scales, rows, columns,
                  current_stream());
  } else {
    const Tensor scratch = at::empty({1}, made.scales.options());
    quantise_tensor(from.const_data_ptr(), made.codes.mutable_data_ptr(), scales,
                    scratch.mutable_data_ptr<float>(), from.numel(), current_stream());
  }
  return made;
}

Fp8Weight fp8_weight(const LayerContext& context, const Tensor& weight, const Tensor& bias) {
  if (weight.size(0) % kFp8Multiple != 0)
    throw Unsupported(
        fmt::format("load.linear: products in FP8 have a multiple of {} channels, this one has {}",
                    kFp8Multiple, weight.size(0)));
  return {quantise(context, weight), bias};
}

Tensor fp8_linear_product(const LayerContext& context, const Tensor& x, const Fp8Weight& by,
                          const Tensor& residual) {
  const Fp8Tensor from = quantise(context, x);
  const Tensor add = residual.defined() ? residual.contiguous() : residual;
  std::vector<std::int64_t> shape = x.sizes().vec();
  shape.back() = by.weight.codes.size(0);
  Tensor y = at::empty(shape, x.options().dtype(at::kHalf));
  const bool fast = context.arithmetic.fp8->fast;
  const Fp8MatmulShape product{.m = x.numel() / x.size(-1),
                               .n = shape.back(),
                               .k = x.size(-1),
                               .bias = by.bias.defined(),
                               .residual = add.defined(),
                               .row_scales = context.arithmetic.fp8->row_scales,
                               .fast = fast};
  context.device->fp8_matmul.run(product,
                                 {.x = from.codes.const_data_ptr(),
                                  .w = by.weight.codes.const_data_ptr(),
                                  .x_scales = from.scales.const_data_ptr<float>(),
                                  .w_scales = by.weight.scales.const_data_ptr<float>(),
                                  .bias = data_or_null(by.bias),
                                  .residual = data_or_null(add),
                                  .y = y.mutable_data_ptr()},
                                 current_stream());
  ++(fast ? context.calls->fp8_fast : context.calls->fp8_exact);
  return y;
}

std::vector<Tensor> CudaFp8LinearGroup::forward(const Tensor& x) const {
  return fp8_linear_product(context, x, by).split(out, -1);
}

Tensor CudaFp8Geglu::forward(const Tensor& x) const {
  const Tensor both = fp8_linear_product(context, x, by);
  const std::int64_t inner = both.size(-1) / 2;
  if (!context.arithmetic.fp8->row_scales || !takes_codes(inner)) return gated(context, both);
  std::vector<std::int64_t> shape = both.sizes().vec();
  shape.back() = inner;
  const Tensor y = room_for_codes(shape, both.device());
  const Fp8Tensor to = parts_of(y);
  quantise_gated_rows(both.const_data_ptr(), to.codes.mutable_data_ptr(),
                      to.scales.mutable_data_ptr<float>(), y.numel() / inner, inner,
                      current_stream());
  return y;
}

LayerNorm::Summed CudaFp8LayerNorm::run(const Tensor& x, const Tensor& residual) const {
  const Tensor from = x.contiguous(), y = room_for_codes(x.sizes(), x.device());
  Tensor sum = residual.defined() ? at::empty_like(from) : Tensor();
  const Fp8Tensor to = parts_of(y);
  const std::int64_t channels = x.size(-1);
  layer_norm_codes(from.const_data_ptr(), data_or_null(residual), weight.const_data_ptr(),
                   bias.const_data_ptr(), sum.defined() ? sum.mutable_data_ptr() : nullptr,
                   to.codes.mutable_data_ptr(), to.scales.mutable_data_ptr<float>(),
                   x.numel() / channels, channels, eps, current_stream());
  return {sum, y};
}

Fp8ProbeErrors fp8_probe_errors(const CudaArithmetic& arithmetic, DeviceContext& device) {
  check_capability(device.device);
  // `device` outlives the call; a layer's context shares it. The probe's own calls count nowhere.
  LayerCalls calls;
  const LayerContext context{
      arithmetic, std::shared_ptr<DeviceContext>(&device, [](DeviceContext*) {}), &calls};
  const Fp8ProbeProduct asked = fp8_probe_product();
  const Tensor x = asked.x.to(device.device), w = asked.w.to(device.device);
  const auto dequantised = [&](const Tensor& values) {
    const Fp8Tensor made = quantise(context, values);
    return made.codes.cpu().view(at::kFloat8_e4m3fn).to(at::kFloat) *
           made.scales.cpu().unsqueeze(-1);
  };
  const Tensor got = fp8_linear_product(context, x, fp8_weight(context, w, {}));
  return fp8_probe_errors(asked, {.x = dequantised(x), .w = dequantised(w)}, got.cpu());
}

}  // namespace sameseed::cuda
