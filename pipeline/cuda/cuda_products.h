// Products and convolutions as the layers of a GPU use them: shapes read off tensors, calls
// counted.
#pragma once

#include <c10/cuda/CUDAStream.h>

#include <memory>
#include <optional>

#include "pipeline/cuda/device_context.h"
#include "pipeline/cuda/kernels/kernels.h"
#include "pipeline/layers/backend.h"

namespace sameseed::cuda {

struct CudaArithmetic {
  at::ScalarType type = at::kHalf;  // or at::kBFloat16, which has no sums in fp16
  bool conv_half = false;           // convolutions add up in fp16
  bool matmul_half = false;         // linear layers add up in fp16
  struct Fp8 {
    bool row_scales = true;  // a scale a token and a scale an output channel; else one a tensor
    bool fast = false;       // sums keep 13 bits over all of their depth
  };
  std::optional<Fp8> fp8 = {};  // linear layers of transformers, in the place of fp16
};

// What every layer knows.
struct LayerContext {
  CudaArithmetic arithmetic;
  std::shared_ptr<DeviceContext> device;
  LayerCalls* calls = nullptr;  // of the layer's network, in `device`
  bool in_transformer = false;

  Half half() const { return arithmetic.type == at::kHalf ? Half::kFp16 : Half::kBf16; }
};

inline cudaStream_t current_stream() { return c10::cuda::getCurrentCUDAStream(); }

inline const void* data_or_null(const Tensor& tensor) {
  return tensor.defined() ? tensor.const_data_ptr() : nullptr;
}

// y [..., n] = x [..., k] * weight [n, k]^T + bias + residual
Tensor product(const LayerContext& context, const Tensor& x, const Tensor& weight,
               const Tensor& bias, const Tensor& residual, bool half_sums);

// The same as a linear layer's: counted, and with sums as the switch says.
Tensor linear_product(const LayerContext& context, const Tensor& x, const Tensor& weight,
                      const Tensor& bias, const Tensor& residual = {});

// both [..., 2 * inner] -> [..., inner]: the first half times gelu_erf of the second.
Tensor gated(const LayerContext& context, const Tensor& both);

// x [n, in, h, w] and weight [out, in, k, k], both channels last; bias and residual may be
// undefined.
Tensor convolve(const LayerContext& context, const Tensor& x, const Tensor& weight,
                const Tensor& bias, const Tensor& residual, const Conv2dConfig& config);

}  // namespace sameseed::cuda
