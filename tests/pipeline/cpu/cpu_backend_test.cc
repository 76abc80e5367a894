#include "pipeline/cpu/cpu_backend.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "io/safetensors.h"

namespace sameseed {
namespace {

// Weights of one of each counted layer, of channels 4.
Weights small_weights() {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / "sameseed_cpu_backend_test";
  std::filesystem::create_directories(folder);
  at::manual_seed(1);
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, shape] :
       std::map<std::string, std::vector<std::int64_t>>{{"conv.weight", {4, 4, 3, 3}},
                                                        {"conv.bias", {4}},
                                                        {"linear.weight", {4, 4}},
                                                        {"geglu.weight", {16, 4}},
                                                        {"geglu.bias", {16}}})
    tensors[name] = at::randn(shape).to(at::kHalf);
  std::map<std::string, TensorView> views;
  for (const auto& [name, tensor] : tensors)
    views[name] = {
        .dtype = DType::kF16,
        .shape = tensor.sizes().vec(),
        .data = {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()}};
  write_safetensors(folder / "model.safetensors", views);
  return Weights::open(folder, "model", "", at::kHalf);
}

TEST(CpuBackend, CountsEachLayerUnderItsArithmetic) {
  const Weights weights = small_weights();
  CpuCounters counters;
  const auto backend = make_cpu_backend({.conv_half = true, .matmul_half = false}, counters);
  const auto conv = backend->conv2d(weights / "conv", {.in = 4, .out = 4});
  const auto linear = backend->linear(weights / "linear", 4, 4, /*bias=*/false);
  const auto geglu = backend->geglu(weights / "geglu", 4, 8);
  weights.check();

  const Tensor image = at::randn({1, 4, 5, 5}).to(at::kHalf);
  const Tensor tokens = at::randn({1, 3, 4}).to(at::kHalf);
  EXPECT_EQ(conv->forward(image).scalar_type(), backend->activation_type());
  EXPECT_EQ(linear->forward(tokens).sizes(), at::IntArrayRef({1, 3, 4}));
  EXPECT_EQ(geglu->forward(tokens).sizes(), at::IntArrayRef({1, 3, 8}));
  EXPECT_EQ(counters.conv_half, 1);
  EXPECT_EQ(counters.conv_float, 0);
  EXPECT_EQ(counters.matmul_half, 0);
  EXPECT_EQ(counters.matmul_float, 2);
  EXPECT_EQ(counters.non_finite, 0);

  linear->forward(at::full({1, 1, 4}, std::numeric_limits<float>::infinity(), at::kHalf));
  EXPECT_EQ(counters.non_finite, 4);
}

TEST(CpuBackend, CountsAttentionUnderItsArithmetic) {
  at::manual_seed(2);
  const Tensor q = at::randn({1, 5, 8}).to(at::kHalf), kv = at::randn({1, 40, 8}).to(at::kHalf);
  CpuCounters half, single;
  const Tensor in_half = make_cpu_backend({.attention_half = true, .block = 4}, half)
                             ->attention(q, kv, kv, {.heads = 2});
  const Tensor in_float = make_cpu_backend({.conv_half = true, .matmul_half = true}, single)
                              ->attention(q, kv, kv, {.heads = 2});
  EXPECT_EQ(in_half.scalar_type(), at::kHalf);
  EXPECT_FALSE(at::equal(in_half, in_float));
  EXPECT_EQ(half.attention_half, 1);
  EXPECT_EQ(half.attention_float, 0);
  EXPECT_EQ(single.attention_half, 0);
  EXPECT_EQ(single.attention_float, 1);
}

TEST(CpuBackend, CountsWhatAnOverflowingScoreLeaves) {
  CpuCounters counters;
  // 300 * 300 is no half; in float the row would be finite.
  const Tensor large = at::full({1, 3, 2}, 300.0, at::kHalf);
  make_cpu_backend({.attention_half = true}, counters)
      ->attention(large, large, large, {.heads = 1});
  EXPECT_EQ(counters.non_finite, 6);
}

TEST(CpuBackend, ProbesShowWhichAccumulatorRan) {
  const ProbeErrors half_conv = probe_errors({.conv_half = true, .matmul_half = false});
  EXPECT_GT(half_conv.conv, 1.6e-3);
  EXPECT_LT(half_conv.matmul, 1e-5);
  const ProbeErrors half_matmul = probe_errors({.conv_half = false, .matmul_half = true});
  EXPECT_LT(half_matmul.conv, 1e-5);
  EXPECT_GT(half_matmul.matmul, 1.6e-3);
  EXPECT_LT(half_matmul.attention, 1e-5);
  const ProbeErrors half_attention = probe_errors({.attention_half = true});
  EXPECT_LT(half_attention.conv, 1e-5);
  EXPECT_LT(half_attention.matmul, 1e-5);
  EXPECT_GT(half_attention.attention, 1e-3);
  const ProbeErrors all =
      probe_errors({.conv_half = true, .matmul_half = true, .attention_half = true, .block = 4});
  EXPECT_GT(all.conv, 1.5 * half_conv.conv);
  EXPECT_GT(all.attention, 1.5 * half_attention.attention);
}

TEST(CpuBackend, MultipliesTransformersInFp8AndNothingElse) {
  const Weights weights = small_weights();
  CpuCounters counters;
  const auto backend = make_cpu_backend({.fp8 = Fp8Arithmetic{.fast = true}}, counters);
  Backend& inside = backend->of_transformers();
  EXPECT_EQ(&inside.of_transformers(), &inside);
  const auto outer = backend->linear(weights / "linear", 4, 4, /*bias=*/false);
  const auto linear = inside.linear(weights / "linear", 4, 4, /*bias=*/false);
  const auto geglu = inside.geglu(weights / "geglu", 4, 8);
  const Tensor tokens = at::randn({1, 3, 4}).to(at::kHalf);
  const Tensor plain = outer->forward(tokens), in_fp8 = linear->forward(tokens);
  EXPECT_EQ(geglu->forward(tokens).sizes(), at::IntArrayRef({1, 3, 8}));
  EXPECT_FALSE(at::equal(plain, in_fp8));
  EXPECT_TRUE(at::allclose(plain, in_fp8, 0.2, 0.2));
  EXPECT_EQ(counters.fp8_fast, 2);
  EXPECT_EQ(counters.fp8_exact, 0);
  EXPECT_EQ(counters.linear_fp16, 0);
  EXPECT_EQ(counters.matmul_float, 1);
  linear->forward(at::full({1, 1, 4}, std::numeric_limits<float>::infinity(), at::kHalf));
  EXPECT_EQ(counters.non_finite, 4);

  CpuCounters in_fp16;
  const auto usual = make_cpu_backend({}, in_fp16);
  usual->of_transformers().linear(weights / "linear", 4, 4, false)->forward(tokens);
  usual->linear(weights / "linear", 4, 4, false)->forward(tokens);
  EXPECT_EQ(in_fp16.linear_fp16, 1);
  EXPECT_EQ(in_fp16.matmul_float, 2);
}

TEST(CpuBackend, ProbesShowWhichFp8Ran) {
  for (const bool fast : {false, true})
    for (const ScaleOf scale : {ScaleOf::kRow, ScaleOf::kTensor}) {
      const Fp8ProbeErrors errors = fp8_probe_errors({.scale_of = scale, .fast = fast});
      EXPECT_NEAR(errors.sums, fast ? 1.5e-3 : 1.3e-4, fast ? 2e-4 : 2e-5);
      EXPECT_NEAR(errors.values, 3.7e-2, 3e-3);
      if (scale == ScaleOf::kRow)
        EXPECT_NEAR(errors.small_tokens, 3.7e-2, 3e-3);
      else
        EXPECT_GT(errors.small_tokens, 0.2);
    }
}

}  // namespace
}  // namespace sameseed
