// Attention of the accelerated path by cuDNN's graph API: one fused kernel, scores never in memory.
#pragma once

#include <cudnn.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "pipeline/cuda/choices.h"
#include "pipeline/cuda/cudnn_graph.h"
#include "pipeline/cuda/cudnn_handle.h"

namespace sameseed::cuda {

// q [n, queries, heads, width], k and v [n, keys, heads, width] -> y [n, queries, heads, width];
// the strides are those between tokens, a picture's tokens lie one behind the other. Width: a
// multiple of 8, at most 128.
struct AttentionShape {
  std::int64_t n = 1, heads = 1, queries = 1, keys = 1, width = 64;
  std::int64_t q_stride = 0, k_stride = 0, v_stride = 0;  // values between two tokens
  bool causal = false;
  cudnnDataType_t type = CUDNN_DATA_HALF;

  auto operator<=>(const AttentionShape&) const = default;
};

std::string to_string(const AttentionShape& shape);

class Attention {
 public:
  // `workspace`: device memory that calls of one stream share.
  Attention(Choices& choices, void* workspace, std::size_t workspace_bytes)
      : choices_(choices), workspace_(workspace), workspace_bytes_(workspace_bytes) {}

  // Searches a plan on the first call of a shape, which then may not be captured. Scores are
  // multiplied by 1 / sqrt(width). Throws std::runtime_error where the library has no plan.
  void run(const AttentionShape& shape, const void* q, const void* k, const void* v, void* y,
           cudaStream_t stream);

 private:
  Choices& choices_;
  void* workspace_;
  std::size_t workspace_bytes_;
  CudnnHandle handle_;
  std::map<AttentionShape, CudnnGraph> graphs_;
};

}  // namespace sameseed::cuda
