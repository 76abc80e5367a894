// Attention of the accelerated path on a GPU.
#pragma once

#include "pipeline/cuda/cuda_products.h"

namespace sameseed::cuda {

// q [n, queries, heads x width], k and v [n, keys, heads x width]; each may be a part of wider
// rows. Heads of at most 128 by cuDNN, wider ones (the VAE's) with their scores in memory.
Tensor attend(const LayerContext& context, const Tensor& q, const Tensor& k, const Tensor& v,
              const sameseed::AttentionShape& shape);

}  // namespace sameseed::cuda
