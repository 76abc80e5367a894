#include "pipeline/cpu/half_layers.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace sameseed {
namespace {

Tensor drawn(at::IntArrayRef shape, double deviation = 1) {
  return (at::randn(shape) * deviation).to(at::kHalf);
}

double relative_error(const Tensor& got, const Tensor& exact) {
  const Tensor wrong = got.to(at::kDouble) - exact;
  return (wrong.norm() / exact.norm()).item<double>();
}

Tensor wide(const Tensor& x) { return x.to(at::kDouble); }

// Rows are output pixels, columns (kernel row, kernel column, channel).
Tensor explicit_patches(const Tensor& x, std::int64_t kernel, std::int64_t stride,
                        std::int64_t padding) {
  const Tensor columns =
      at::im2col(x.to(at::kFloat), {kernel, kernel}, {1, 1}, {padding, padding}, {stride, stride});
  return columns.view({x.size(0), x.size(1), kernel * kernel, -1})
      .permute({0, 3, 2, 1})
      .reshape({-1, kernel * kernel * x.size(1)})
      .contiguous();
}

TEST(HalfConv2d, EqualsThePlainProductOfItsPatchesToTheBit) {
  at::manual_seed(1);
  for (const std::int64_t kernel : {1, 3})
    for (const std::int64_t stride : {1, 2})
      for (const std::int64_t padding : {0, 1})
        for (const int block : {16, 4}) {
          const Tensor x = drawn({2, 5, 9, 14}), w = drawn({7, 5, kernel, kernel}), b = drawn({7});
          const Tensor got = half_conv2d(x, make_multiplier(w, b, block), kernel, stride, padding);
          const Tensor a = explicit_patches(x, kernel, stride, padding);
          const Tensor rows = w.to(at::kFloat).permute({0, 2, 3, 1}).reshape({7, -1}).contiguous();
          Tensor sums = at::empty({a.size(0), 7});
          half_product_plain(a.const_data_ptr<float>(), rows.const_data_ptr<float>(),
                             sums.data_ptr<float>(), a.size(0), 7, a.size(1), block);
          const Tensor expected = (sums + b.to(at::kFloat)).to(at::kHalf);
          EXPECT_TRUE(at::equal(got.permute({0, 2, 3, 1}).reshape({-1, 7}), expected))
              << "kernel " << kernel << ", stride " << stride << ", padding " << padding;
          const Tensor exact =
              at::conv2d(wide(x), wide(w), wide(b), {stride, stride}, {padding, padding});
          EXPECT_EQ(got.sizes(), exact.sizes());
          EXPECT_LT(relative_error(got, exact), 2e-3);
        }
}

TEST(HalfConv2d, ReadsAnyMemoryFormatAlike) {
  at::manual_seed(2);
  const Tensor x = drawn({1, 8, 6, 5});
  const Multiplier by = make_multiplier(drawn({4, 8, 3, 3}), drawn({4}), 16);
  EXPECT_TRUE(at::equal(half_conv2d(x, by, 3, 1, 1),
                        half_conv2d(x.contiguous(at::MemoryFormat::ChannelsLast), by, 3, 1, 1)));
}

TEST(HalfLinear, HasTheErrorOfItsAccumulator) {
  at::manual_seed(3);
  const Tensor x = drawn({2, 64, 2880}), w = drawn({80, 2880}, 0.0186), b = drawn({80}, 0.1);
  const Tensor exact = at::linear(wide(x), wide(w), wide(b));
  const double in_float = relative_error(half_linear(x, make_multiplier(w, b, {})), exact);
  const double in_half = relative_error(half_linear(x, make_multiplier(w, b, 16)), exact);
  EXPECT_LT(in_float, 2.5e-4);  // the store to fp16 alone
  EXPECT_GT(in_half, 1.7e-3);
  EXPECT_LT(in_half, 2.2e-3);
}

TEST(HalfLinear, AddsTheBiasInFloat) {
  // 2048 + 1 is 2048 in fp16; the accumulator holds 2048 and the bias of -2047 leaves 1.
  const Tensor x = at::full({1, 1}, 2048.0, at::kHalf), one = at::ones({1, 1}, at::kHalf);
  const Tensor bias = at::full({1}, -2047.0, at::kHalf);
  EXPECT_EQ(half_linear(x, make_multiplier(one, bias, 16)).item<float>(), 1.0f);
}

TEST(HalfGeglu, GatesBeforeTheOnlyStore) {
  at::manual_seed(4);
  const Tensor x = drawn({1, 10, 32}), w = drawn({12, 32}, 0.2), b = drawn({12});
  const std::vector<Tensor> halves = at::linear(wide(x), wide(w), wide(b)).chunk(2, -1);
  const Tensor exact = halves[0] * at::gelu(halves[1]);
  EXPECT_LT(relative_error(half_geglu(x, make_multiplier(w, b, {})), exact), 3e-4);
  EXPECT_LT(relative_error(half_geglu(x, make_multiplier(w, b, 16)), exact), 2e-3);
}

TEST(HalfNorms, ComputeInFloatAndStoreOnce) {
  at::manual_seed(5);
  const Tensor x = drawn({2, 8, 5, 3}, 3) + 100, w = at::rand({8}), b = at::rand({8});
  const Tensor norm = at::group_norm(wide(x), 4, wide(w), wide(b), 1e-5);
  EXPECT_LT(relative_error(half_group_norm(x, 4, w, b, 1e-5, Activation::kSilu), at::silu(norm)),
            3e-4);
  EXPECT_LT(relative_error(half_group_norm(x.contiguous(at::MemoryFormat::ChannelsLast), 4, w, b,
                                           1e-5, Activation::kNone),
                           norm),
            3e-4);
  const Tensor tokens = drawn({2, 7, 8});
  EXPECT_LT(relative_error(half_layer_norm(tokens, w, b, 1e-5),
                           at::layer_norm(wide(tokens), {8}, wide(w), wide(b), 1e-5)),
            3e-4);
}

TEST(HalfAttention, SplitsHeadsAndLooksAtNoLaterToken) {
  at::manual_seed(6);
  const Tensor q = drawn({2, 6, 8}), k = drawn({2, 6, 8}), v = drawn({2, 6, 8});
  for (const bool causal : {false, true}) {
    const auto split = [](const Tensor& x) { return wide(x).view({2, 6, 2, 4}).transpose(1, 2); };
    Tensor scores = at::matmul(split(q), split(k).transpose(2, 3)) / 2;
    if (causal)
      scores = scores.masked_fill(at::ones({6, 6}, at::kBool).triu(1),
                                  -std::numeric_limits<double>::infinity());
    const Tensor exact =
        at::matmul(scores.softmax(-1), split(v)).transpose(1, 2).reshape({2, 6, 8});
    EXPECT_LT(relative_error(half_attention(q, k, v, {.heads = 2, .causal = causal}, {}), exact),
              3e-4);
  }
}

TEST(NonFinite, CountsInfinitiesAndNans) {
  EXPECT_EQ(non_finite(at::tensor({1.0f, INFINITY, -INFINITY, NAN}).to(at::kHalf)), 3);
}

}  // namespace
}  // namespace sameseed
