#include "pipeline/cpu/half_attention.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "pipeline/cpu/half_product.h"

namespace sameseed {
namespace {

Tensor drawn(at::IntArrayRef shape, double deviation = 1) {
  return (at::randn(shape) * deviation).to(at::kHalf);
}

// One head's row, said plainly: the query's products with every key, their weights, and the
// weights' products with the values. exp is ATen's, whose last bit may be another than std::exp's.
std::vector<float> plain_row(const std::vector<float>& query,
                             const std::vector<std::vector<float>>& keys,
                             const std::vector<std::vector<float>>& values, int block) {
  const auto half_dot = [block](const std::vector<float>& a, const std::vector<float>& b) {
    float sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      sum = std::fma(a[i], b[i], sum);
      if ((i + 1) % static_cast<std::size_t>(block) == 0) sum = round_to_half(sum);
    }
    return round_to_half(sum);
  };
  std::vector<float> weights;
  for (const std::vector<float>& key : keys) weights.push_back(half_dot(query, key));
  const float largest = *std::max_element(weights.begin(), weights.end());
  const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(query.size())));
  double total = 0;
  for (float& weight : weights) {
    const float exact = at::exp(at::tensor((weight - largest) * scale)).item<float>();
    total += exact;
    weight = round_to_half(exact);
  }
  std::vector<float> row;
  for (std::size_t channel = 0; channel < values[0].size(); ++channel) {
    std::vector<float> column;
    for (const std::vector<float>& value : values) column.push_back(value[channel]);
    row.push_back(static_cast<float>(half_dot(weights, column) / total));
  }
  return row;
}

// Tokens [from, from + count) of one head.
std::vector<std::vector<float>> tokens_of(const Tensor& x, std::int64_t picture, std::int64_t head,
                                          std::int64_t depth, std::int64_t count) {
  const Tensor wide = x.to(at::kFloat);
  std::vector<std::vector<float>> rows;
  for (std::int64_t token = 0; token < count; ++token) {
    rows.emplace_back();
    for (std::int64_t i = 0; i < depth; ++i)
      rows.back().push_back(wide[picture][token][head * depth + i].item<float>());
  }
  return rows;
}

TEST(HalfAttention, EqualsThePlainModel) {
  at::manual_seed(1);
  // 6 tokens, 37 keys and a depth of 20: no block and no vector of either product is whole.
  constexpr std::int64_t kTokens = 6, kKeys = 37, kHeads = 2, kDepth = 20;
  const Tensor q = drawn({2, kTokens, kHeads * kDepth}, 2), k = drawn({2, kKeys, kHeads * kDepth}),
               v = drawn({2, kKeys, kHeads * kDepth});
  for (const int block : {16, 4}) {
    const Tensor got = half_sum_attention(q, k, v, {.heads = kHeads}, block);
    ASSERT_EQ(got.sizes(), q.sizes());
    for (std::int64_t picture = 0; picture < 2; ++picture)
      for (std::int64_t head = 0; head < kHeads; ++head) {
        const auto queries = tokens_of(q, picture, head, kDepth, kTokens);
        const auto keys = tokens_of(k, picture, head, kDepth, kKeys);
        const auto values = tokens_of(v, picture, head, kDepth, kKeys);
        for (std::int64_t token = 0; token < kTokens; ++token) {
          const auto row = plain_row(queries[static_cast<std::size_t>(token)], keys, values, block);
          for (std::int64_t i = 0; i < kDepth; ++i) {
            const float expected = row[static_cast<std::size_t>(i)];
            // The divisor is a float sum, in another order here.
            EXPECT_NEAR(got[picture][token][head * kDepth + i].item<float>(), expected,
                        1e-6f * std::fabs(expected));
          }
        }
      }
  }
}

TEST(HalfAttention, RoundsTheScoresAfterEachBlock) {
  // The first key's score, 2048 + 1 + 1 in three blocks, stays the second's 2048, and both weigh
  // the same; a float sum of 2050 would weigh more, rounded at its end or not.
  constexpr std::int64_t kDepth = 33;
  Tensor query = at::zeros({1, 1, kDepth}, at::kHalf), keys = at::zeros({1, 2, kDepth}, at::kHalf),
         values = at::zeros({1, 2, kDepth}, at::kHalf);
  query.fill_(1);
  keys.select(2, 0).fill_(2048);
  keys[0][0][16].fill_(1);
  keys[0][0][32].fill_(1);
  values[0][0].fill_(1);
  EXPECT_EQ(half_sum_attention(query, keys, values, {.heads = 1}, 16)[0][0][0].item<float>(), 0.5f);
}

TEST(HalfAttention, RoundsTheWeightedSum) {
  // Equal scores, so that all weights are 1: 2048 and, a block later, four ones make 2052, but
  // after each block of one product nothing is left of them.
  const Tensor q = at::zeros({1, 1, 1}, at::kHalf), k = at::zeros({1, 8, 1}, at::kHalf);
  const Tensor v =
      at::tensor({2048.0f, 0.0f, 0.0f, 0.0f, 1.0f, 1.0f, 1.0f, 1.0f}).view({1, 8, 1}).to(at::kHalf);
  EXPECT_EQ(half_sum_attention(q, k, v, {.heads = 1}, 4).item<float>(), 2052.0f / 8);
  EXPECT_EQ(half_sum_attention(q, k, v, {.heads = 1}, 1).item<float>(), 2048.0f / 8);
}

TEST(HalfAttention, LooksAtNoLaterTokenWhereItIsCausal) {
  at::manual_seed(2);
  const Tensor q = drawn({1, 5, 8}), k = drawn({1, 5, 8}), v = drawn({1, 5, 8});
  const Tensor all = half_sum_attention(q, k, v, {.heads = 2, .causal = true}, 16);
  for (std::int64_t seen = 1; seen <= 5; ++seen)
    EXPECT_TRUE(at::allclose(all.select(1, seen - 1),
                             half_sum_attention(q.narrow(1, 0, seen), k.narrow(1, 0, seen),
                                                v.narrow(1, 0, seen), {.heads = 2}, 16)
                                 .select(1, seen - 1),
                             /*rtol=*/1e-6, /*atol=*/0));  // the order of the divisor's sum
}

TEST(HalfAttention, CutsALargePictureIntoPartsWithoutATrace) {
  at::manual_seed(3);
  constexpr std::int64_t kKeys = 1 << 14;  // 20 rows of scores are cut into parts of 8
  const Tensor q = drawn({1, 20, 4}), k = drawn({1, kKeys, 4}), v = drawn({1, kKeys, 4});
  const Tensor whole = half_sum_attention(q, k, v, {.heads = 2}, 16);
  for (const std::int64_t token : {0, 7, 8, 19})
    EXPECT_TRUE(at::allclose(whole.narrow(1, token, 1),
                             half_sum_attention(q.narrow(1, token, 1), k, v, {.heads = 2}, 16),
                             /*rtol=*/1e-6, /*atol=*/0));  // the order of the divisor's sum
}

TEST(HalfAttention, TakesSeveralSmallHeadsTogetherWithoutATrace) {
  at::manual_seed(4);
  const Tensor q = drawn({2, 64, 20}), k = drawn({2, 64, 20}), v = drawn({2, 64, 20});
  const Tensor whole = half_sum_attention(q, k, v, {.heads = 5}, 16);  // in parts of 4, 4 and 2
  for (std::int64_t picture = 0; picture < 2; ++picture)
    for (std::int64_t head = 0; head < 5; ++head) {
      const auto own = [&](const Tensor& x) {
        return x.narrow(0, picture, 1).narrow(2, 4 * head, 4);
      };
      EXPECT_TRUE(
          at::equal(own(whole), half_sum_attention(own(q), own(k), own(v), {.heads = 1}, 16)));
    }
}

TEST(HalfAttention, OverflowsBeforeItScales) {
  // 256 * 256 = 65536 is no half, 16 * 256 * 256 / 4 would be none either way; 255.5 * 256 is one.
  const Tensor q = at::full({1, 1, 1}, 256.0, at::kHalf), one = at::ones({1, 2, 1}, at::kHalf);
  EXPECT_TRUE(std::isnan(half_sum_attention(q, 256 * one, one, {.heads = 1}, 16).item<float>()));
  EXPECT_EQ(half_sum_attention(q, 255.5 * one, one, {.heads = 1}, 16).item<float>(), 1.0f);
}

}  // namespace
}  // namespace sameseed
