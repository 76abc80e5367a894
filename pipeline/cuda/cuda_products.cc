#include "pipeline/cuda/cuda_products.h"

#include <ATen/ATen.h>

namespace sameseed::cuda {

Tensor product(const LayerContext& context, const Tensor& x, const Tensor& weight,
               const Tensor& bias, const Tensor& residual, bool half_sums) {
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
                       .type = context.arithmetic.type == at::kHalf ? CUDA_R_16F : CUDA_R_16BF};
  context.device->matmul.run(by, from.const_data_ptr(), weight.const_data_ptr(), data_or_null(bias),
                             data_or_null(add), y.mutable_data_ptr(), current_stream());
  return y;
}

Tensor linear_product(const LayerContext& context, const Tensor& x, const Tensor& weight,
                      const Tensor& bias, const Tensor& residual) {
  const bool half_sums = context.arithmetic.matmul_half;
  ++(half_sums ? context.calls->matmul_half : context.calls->matmul_float);
  if (context.in_transformer) ++context.calls->linear_fp16;
  return product(context, x, weight, bias, residual, half_sums);
}

Tensor gated(const LayerContext& context, const Tensor& both) {
  std::vector<std::int64_t> shape = both.sizes().vec();
  shape.back() /= 2;
  Tensor y = at::empty(shape, both.options());
  gelu_gate(both.const_data_ptr(), y.mutable_data_ptr(), y.numel() / shape.back(), shape.back(),
            context.half(), current_stream());
  return y;
}

Tensor convolve(const LayerContext& context, const Tensor& x, const Tensor& weight,
                const Tensor& bias, const Tensor& residual, const Conv2dConfig& config) {
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
      .half_sums = context.arithmetic.conv_half,
      .type = context.arithmetic.type == at::kHalf ? CUDNN_DATA_HALF : CUDNN_DATA_BFLOAT16};
  Tensor y = at::empty({shape.n, shape.out, shape.out_height(), shape.out_width()}, x.options(),
                       at::MemoryFormat::ChannelsLast);
  context.device->convolution.run(shape, x.const_data_ptr(), weight.const_data_ptr(),
                                  data_or_null(bias), data_or_null(residual), y.mutable_data_ptr(),
                                  current_stream());
  ++(shape.half_sums ? context.calls->conv_half : context.calls->conv_float);
  return y;
}

}  // namespace sameseed::cuda
