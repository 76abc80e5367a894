#include "pipeline/cuda/cuda_attention.h"

#include <ATen/ATen.h>

#include <cmath>

#include "pipeline/cuda/cuda_layers.h"

namespace sameseed::cuda {
namespace {

constexpr std::int64_t kMostFlashWidth = 128;  // of a head; wider ones are the VAE's only
constexpr std::int64_t kQueriesAtOnce = 4096;  // of wide heads, whose scores lie in memory

// Scores in memory, in float32 and some rows at a time: for heads that no flash kernel takes.
// q, k, v [n, heads, tokens, width]
Tensor wide_attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(-1)));
  const Tensor keys = k.flatten(0, 1).transpose(1, 2), values = v.flatten(0, 1);
  std::vector<Tensor> rows;
  for (const Tensor& some : q.flatten(0, 1).split(kQueriesAtOnce, 1)) {
    const Tensor none =
        at::empty({some.size(0), some.size(1), keys.size(2)}, some.options().dtype(at::kFloat));
    const Tensor scores = at::baddbmm(none, some, keys, at::kFloat, /*beta=*/0, /*alpha=*/scale);
    rows.push_back(at::bmm(at::softmax(scores, -1).to(v.scalar_type()), values));
  }
  return at::cat(rows, 1).unflatten(0, {q.size(0), q.size(1)});
}

// By cuDNN, from wherever the tokens lie: q, k and v may be parts of wider rows.
Tensor fused_attention(const LayerContext& context, const Tensor& q, const Tensor& k,
                       const Tensor& v, const sameseed::AttentionShape& asked) {
  const auto rows = [](const Tensor& x) {
    return x.stride(2) == 1 && x.stride(0) == x.size(1) * x.stride(1) ? x : x.contiguous();
  };
  const Tensor from_q = rows(q), from_k = rows(k), from_v = rows(v);
  Tensor y = at::empty(q.sizes(), q.options());
  context.device->attention.run(
      {.n = q.size(0),
       .heads = asked.heads,
       .queries = q.size(1),
       .keys = k.size(1),
       .width = q.size(2) / asked.heads,
       .q_stride = from_q.stride(1),
       .k_stride = from_k.stride(1),
       .v_stride = from_v.stride(1),
       .causal = asked.causal,
       .type = context.arithmetic.type == at::kHalf ? CUDNN_DATA_HALF : CUDNN_DATA_BFLOAT16},
      from_q.const_data_ptr(), from_k.const_data_ptr(), from_v.const_data_ptr(),
      y.mutable_data_ptr(), current_stream());
  return y;
}

}  // namespace

Tensor attend(const LayerContext& context, const Tensor& q, const Tensor& k, const Tensor& v,
              const sameseed::AttentionShape& shape) {
  const std::int64_t n = q.size(0), width = q.size(2), per_head = width / shape.heads;
  const auto split = [&](const Tensor& x) {
    return x.unflatten(-1, {shape.heads, per_head}).transpose(1, 2);
  };
  if (per_head % kVector == 0 && per_head <= kMostFlashWidth)
    return fused_attention(context, q, k, v, shape);
  const Tensor joined =
      shape.causal ? at::scaled_dot_product_attention(split(q), split(k), split(v), {}, 0.0, true)
                   : wide_attention(split(q), split(k), split(v));
  return joined.transpose(1, 2).reshape({n, -1, width});
}

}  // namespace sameseed::cuda
