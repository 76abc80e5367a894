#include "pipeline/cpu/half_attention.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "pipeline/cpu/half_product.h"

namespace sameseed {
namespace {

constexpr std::int64_t kScoreValues = 2 << 20;  // at a time: 8 MB

// fp16 [n, tokens, heads * d] -> fp32 [n * heads, tokens, d]
Tensor apart_by_head(const Tensor& x, std::int64_t heads) {
  const std::int64_t n = x.size(0), tokens = x.size(1), depth = x.size(2) / heads;
  return x.to(at::kFloat)
      .reshape({n, tokens, heads, depth})
      .transpose(1, 2)
      .reshape({n * heads, tokens, depth})
      .contiguous();
}

// [count, rows, depth] -> count right-hand sides of a product over depth
std::vector<PackedMatrix> packed(const Tensor& x) {
  std::vector<PackedMatrix> matrices(static_cast<std::size_t>(x.size(0)));
  const auto* values = x.const_data_ptr<float>();
  at::parallel_for(0, x.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      matrices[static_cast<std::size_t>(i)] =
          PackedMatrix(values + i * x.stride(0), x.size(1), x.size(2));
  });
  return matrices;
}

// to[i] = a[i] times b[i]; all rows are whole, and matrices any number of values apart.
void multiply_each(const Tensor& a, const std::vector<PackedMatrix>& b, const Tensor& to,
                   int block) {
  const auto* from = a.const_data_ptr<float>();
  auto* sums = to.data_ptr<float>();
  at::parallel_for(0, a.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      half_product(from + i * a.stride(0), b[static_cast<std::size_t>(i)], sums + i * to.stride(0),
                   a.size(1), block, /*threads=*/1);
  });
}

}  // namespace

Tensor half_sum_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                          const AttentionShape& shape, int block) {
  const Tensor queries = apart_by_head(q, shape.heads);
  const std::vector<PackedMatrix> keys = packed(apart_by_head(k, shape.heads)),
                                  values = packed(
                                      apart_by_head(v, shape.heads).transpose(1, 2).contiguous());
  const std::int64_t count = queries.size(0), tokens = queries.size(1), depth = queries.size(2);
  const std::int64_t key_tokens = k.size(1);
  const double scale = 1 / std::sqrt(static_cast<double>(depth));
  const Tensor result = at::empty_like(queries);
  // All scores of a large picture would take a gigabyte and more.
  const std::int64_t most = std::max<std::int64_t>(1, kScoreValues / (count * key_tokens));
  for (std::int64_t first = 0; first < tokens; first += most) {
    const std::int64_t rows = std::min(most, tokens - first);
    Tensor scores = at::empty({count, rows, key_tokens});
    multiply_each(queries.narrow(1, first, rows), keys, scores, block);
    if (shape.causal)
      scores.masked_fill_(at::ones({rows, key_tokens}, at::kBool).triu(first + 1),
                          -std::numeric_limits<float>::infinity());
    const Tensor weights = scores.sub_(scores.amax(-1, /*keepdim=*/true)).mul_(scale).exp_();
    const Tensor sums = weights.sum(-1, /*keepdim=*/true);
    const Tensor part = result.narrow(1, first, rows);
    multiply_each(weights.to(at::kHalf).to(at::kFloat), values, part, block);
    part.div_(sums);
  }
  return result.view({q.size(0), shape.heads, tokens, depth}).transpose(1, 2).reshape(q.sizes());
}

}  // namespace sameseed
