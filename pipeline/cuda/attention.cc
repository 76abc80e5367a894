#include "pipeline/cuda/attention.h"

#include <fmt/format.h>

namespace sameseed::cuda {

std::string to_string(const AttentionShape& s) {
  return fmt::format("attention {}x{}x{} over {} of {}{} {} rows {} {} {}", s.n, s.heads, s.queries,
                     s.keys, s.width, s.causal ? " causal" : "",
                     s.type == CUDNN_DATA_HALF ? "fp16" : "bf16", s.q_stride, s.k_stride,
                     s.v_stride);
}

void Attention::run(const AttentionShape& s, const void* q, const void* k, const void* v, void* y,
                    cudaStream_t stream) {
  const std::vector<void*> tensors = {const_cast<void*>(q), const_cast<void*>(k),
                                      const_cast<void*>(v), y};
  const cudnnHandle_t handle = handle_.on(stream);
  auto found = graphs_.find(s);
  if (found == graphs_.end()) {
    CudnnGraph graph = CudnnGraph::attention(handle, s);
    graph.choose(to_string(s), choices_, tensors, workspace_, workspace_bytes_, stream);
    found = graphs_.emplace(s, std::move(graph)).first;
  }
  found->second.run(tensors, workspace_);
}

}  // namespace sameseed::cuda
