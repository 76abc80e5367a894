// An operation of cuDNN's graph API: its plans are timed once, the fastest runs.
#pragma once

#include <cudnn.h>

#include <memory>
#include <string>
#include <vector>

#include "pipeline/cuda/choices.h"

namespace sameseed::cuda {

struct AttentionShape;
struct ConvolutionShape;

class CudnnGraph {
 public:
  // Tensors in this order: x, weights, y, then bias and residual where the shape has them.
  static CudnnGraph convolution(cudnnHandle_t handle, const ConvolutionShape& shape);
  // Tensors in this order: q, k, v, y.
  static CudnnGraph attention(cudnnHandle_t handle, const AttentionShape& shape);

  CudnnGraph(CudnnGraph&&) noexcept;
  ~CudnnGraph();

  // The plan that `choices` names for this operation, or the fastest of the first few on these
  // tensors. Returns its milliseconds as they were measured. Throws std::runtime_error where no
  // plan runs.
  double choose(const std::string& operation, Choices& choices, const std::vector<void*>& tensors,
                void* workspace, std::size_t workspace_bytes, cudaStream_t stream);

  void run(const std::vector<void*>& tensors, void* workspace);

 private:
  struct Impl;
  explicit CudnnGraph(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sameseed::cuda
