// The product of a GEGLU and its gate: in one kernel where this build and device have one and it is
// the faster way, else a product of cuBLASLt and the gate behind it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "pipeline/cuda/choices.h"
#include "pipeline/cuda/kernels/gated_product.h"
#include "pipeline/cuda/matmul.h"

namespace sameseed::cuda {

class GatedMatmul {
 public:
  // `workspace`: device memory that products of one stream share.
  GatedMatmul(Choices& choices, Matmul& matmul, int device, void* workspace,
              std::size_t workspace_bytes);

  // Whether one kernel may do it: weights are then laid out in pairs.
  bool is_there() const { return !kernels_.empty(); }

  // Gives device memory for [m, 2 * inner]; asked where the gate runs behind its product.
  using Room = std::function<void*()>;

  // Searches on the first call of a shape, which then may not be captured.
  void run(const GatedProduct& product, const Room& room, cudaStream_t stream);

 private:
  bool run_behind(const GatedProduct& product, void* both, cudaStream_t stream);
  int search(const GatedProduct& product, const Room& room, cudaStream_t stream);

  Choices& choices_;
  Matmul& matmul_;
  std::vector<GatedKernel> kernels_;
  void* workspace_;
  std::size_t workspace_bytes_;
  // (m, inner, k) -> the index of a kernel, or kBehind
  std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t>, int> chosen_;
};

}  // namespace sameseed::cuda
