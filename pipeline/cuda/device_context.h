// What all layers of the accelerated path on one GPU share.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "pipeline/cuda/attention.h"
#include "pipeline/cuda/choices.h"
#include "pipeline/cuda/convolution.h"
#include "pipeline/cuda/fp8_matmul.h"
#include "pipeline/cuda/gated_matmul.h"
#include "pipeline/cuda/matmul.h"
#include "pipeline/layers/layer_calls.h"

namespace sameseed::cuda {

// Layers that ran since the image began, network by network.
struct Counters {
  LayerCalls text, unet, vae;
  std::int64_t graphs_replayed = 0;
  double capture_ms = 0;

  Counters& operator+=(const Counters& more);
  friend Counters operator-(const Counters& a, const Counters& b);
};

struct DeviceContext {
  // `cold`: algorithms are searched anew and kept nowhere.
  DeviceContext(at::Device device, bool cold);

  at::Device device;
  std::string machine;  // GPU, driver and library versions
  Choices choices;
  at::Tensor workspace;
  Matmul matmul;
  GatedMatmul gated;
  Fp8Matmul fp8_matmul;
  Convolution convolution;
  Attention attention;
  Counters counters;
};

}  // namespace sameseed::cuda
