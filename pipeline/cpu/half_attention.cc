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

// Of the scores that a thread works on at a time: as many as caches hold, and of small pictures
// several heads', since a call of LibTorch costs as much as a thousand of them.
constexpr std::int64_t kMostScores = 128 << 10, kFewScores = 16 << 10;

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

// Tokens [first, first + rows) of heads [head, head + heads).
struct Part {
  std::int64_t head, heads, first, rows;
};

// All heads of all pictures.
struct Attention {
  Tensor queries, result;  // fp32 [count, tokens, depth]
  std::vector<PackedMatrix> keys, values;
  bool causal;
  int block;

  std::int64_t tokens() const { return queries.size(1); }
  std::int64_t depth() const { return queries.size(2); }
  std::int64_t key_tokens() const { return keys[0].n(); }

  void attend(const Part& part) const {
    const std::int64_t of_head = part.rows * key_tokens();
    Tensor scores = at::empty({part.heads, part.rows, key_tokens()});
    for (std::int64_t i = 0; i < part.heads; ++i)
      half_product(queries.const_data_ptr<float>() + offset(part, i), keys[index(part, i)],
                   scores.data_ptr<float>() + i * of_head, part.rows, block, /*threads=*/1);
    if (causal)
      scores.masked_fill_(at::ones({part.rows, key_tokens()}, at::kBool).triu(part.first + 1),
                          -std::numeric_limits<float>::infinity());
    const double scale = 1 / std::sqrt(static_cast<double>(depth()));
    const Tensor weights = scores.sub_(scores.amax(-1, /*keepdim=*/true)).mul_(scale).exp_();
    const Tensor sums = weights.sum(-1);
    const Tensor rounded = weights.to(at::kHalf).to(at::kFloat);
    const auto* sum = sums.const_data_ptr<float>();
    for (std::int64_t i = 0; i < part.heads; ++i, sum += part.rows) {
      float* to = result.data_ptr<float>() + offset(part, i);
      half_product(rounded.const_data_ptr<float>() + i * of_head, values[index(part, i)], to,
                   part.rows, block, /*threads=*/1);
      for (std::int64_t at = 0; at < part.rows * depth(); ++at) to[at] /= sum[at / depth()];
    }
  }

 private:
  static std::size_t index(const Part& part, std::int64_t i) {
    return static_cast<std::size_t>(part.head + i);
  }
  std::int64_t offset(const Part& part, std::int64_t i) const {
    return ((part.head + i) * tokens() + part.first) * depth();
  }
};

// Together every token of every head once; the same whatever the number of threads.
std::vector<Part> parts_of(const Attention& all) {
  const std::int64_t count = all.queries.size(0), tokens = all.tokens(), keys = all.key_tokens();
  const std::int64_t rows = std::clamp<std::int64_t>(kMostScores / keys, 1, tokens);
  const std::int64_t heads = std::clamp<std::int64_t>(kFewScores / (tokens * keys), 1, count);
  std::vector<Part> parts;
  for (std::int64_t head = 0; head < count; head += heads)
    for (std::int64_t first = 0; first < tokens; first += rows)
      parts.push_back({head, std::min(heads, count - head), first, std::min(rows, tokens - first)});
  return parts;
}

}  // namespace

Tensor half_sum_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                          const AttentionShape& shape, int block) {
  const Tensor queries = apart_by_head(q, shape.heads);
  const Attention all{queries,
                      at::empty_like(queries),
                      packed(apart_by_head(k, shape.heads)),
                      packed(apart_by_head(v, shape.heads).transpose(1, 2).contiguous()),
                      shape.causal,
                      block};
  const std::vector<Part> parts = parts_of(all);
  at::parallel_for(0, static_cast<std::int64_t>(parts.size()), 1,
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t i = begin; i < end; ++i)
                       all.attend(parts[static_cast<std::size_t>(i)]);
                   });
  return all.result.view({q.size(0), shape.heads, all.tokens(), all.depth()})
      .transpose(1, 2)
      .reshape(q.sizes());
}

}  // namespace sameseed
