// Convolutions of the accelerated path by cuDNN, channels last: its graph API, or the legacy API
// where sums are asked for in fp16, which only that one has.
#pragma once

#include <cudnn.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "pipeline/cuda/choices.h"
#include "pipeline/cuda/cudnn_handle.h"

namespace sameseed::cuda {

// x [n, height, width, in], weights [out, kernel, kernel, in]
//   -> y [n, height', width', out] (+ bias [out]) (+ residual of y's shape)
struct ConvolutionShape {
  std::int64_t n = 1, in = 320, height = 128, width = 128, out = 320;
  std::int64_t kernel = 3, stride = 1, padding = 1;
  bool bias = false, residual = false;
  bool half_sums = false;
  cudnnDataType_t type = CUDNN_DATA_HALF;

  std::int64_t out_height() const { return (height + 2 * padding - kernel) / stride + 1; }
  std::int64_t out_width() const { return (width + 2 * padding - kernel) / stride + 1; }
  auto operator<=>(const ConvolutionShape&) const = default;
};

std::string to_string(const ConvolutionShape& shape);

class Convolution {
 public:
  // `workspace`: device memory that the convolutions of one stream share.
  Convolution(Choices& choices, void* workspace, std::size_t workspace_bytes);
  ~Convolution();

  // Searches an algorithm on the first call of a shape, which then may not be captured: bias and
  // residual in the convolution's own kernel or in one behind it, whichever was faster. bias and
  // residual: null where the shape has none. Throws std::runtime_error where the library has no
  // algorithm, Unsupported where it has none with sums in fp16: nothing takes its place unseen.
  void run(const ConvolutionShape& shape, const void* x, const void* w, const void* bias,
           const void* residual, void* y, cudaStream_t stream);

 private:
  struct Tensors;
  struct Plan;
  struct GraphPlan;
  struct LegacyPlan;
  std::unique_ptr<Plan> search(const ConvolutionShape& shape, const Tensors& tensors,
                               cudaStream_t stream);

  Choices& choices_;
  void* workspace_;
  std::size_t workspace_bytes_;
  CudnnHandle handle_;
  std::map<ConvolutionShape, std::unique_ptr<Plan>> plans_;
};

}  // namespace sameseed::cuda
