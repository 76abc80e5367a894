// Needs a GPU with tensor cores for E4M3. Quantiser, products and layers against the CPU's model.
#include "pipeline/cuda/cuda_fp8.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <set>

#include "pipeline/cpu/cpu_backend.h"
#include "pipeline/cuda/check.h"
#include "pipeline/cuda/cuda_backend.h"
#include "pipeline/cuda/cuda_engine.h"
#include "pipeline/env_flags.h"
#include "pipeline/model/tensor_files.h"
#include "pipeline/noise.h"
#include "reference/aten_backend.h"

namespace sameseed::cuda {
namespace {

const at::Device kFp8Gpu(at::kCUDA, 0);

class CudaFp8 : public testing::Test {
 protected:
  void SetUp() override {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, 0), "the device's properties");
    if (properties.major * 10 + properties.minor < 89) GTEST_SKIP() << "no E4M3 here";
    at::manual_seed(7);
    device_ = std::make_shared<DeviceContext>(kFp8Gpu, /*cold=*/true);
  }

  LayerContext context(bool row_scales, bool fast) const {
    return {.arithmetic = {.fp8 = CudaArithmetic::Fp8{row_scales, fast}},
            .device = device_,
            .calls = &device_->counters.unet};
  }

  const c10::InferenceMode guard_;
  std::shared_ptr<DeviceContext> device_;
};

Fp8Matrix on_cpu(const Tensor& x, bool row_scales) {
  const Tensor wide = x.to(at::kFloat).contiguous();
  return quantise_e4m3(wide.const_data_ptr<float>(), wide.size(0), wide.size(1),
                       row_scales ? ScaleOf::kRow : ScaleOf::kTensor);
}

// Values of every size that fp16 has, with rows of zeros, a NaN and an infinity among them.
Tensor uneven(std::int64_t rows, std::int64_t columns) {
  Tensor x = at::randn({rows, columns}) * at::exp2(at::randint(-20, 6, {rows, columns}));
  x[1].zero_();
  x[2][3] = std::numeric_limits<float>::quiet_NaN();
  x[3][columns - 1] = 65504;
  return x.to(at::kHalf);
}

TEST_F(CudaFp8, QuantisesToTheCpusBits) {
  for (const std::int64_t columns : {16, 640, 1280, 2048, 5120, 8192})
    for (const bool row_scales : {true, false})
      for (const bool infinite : {false, true}) {
        Tensor x = uneven(67, columns);
        if (infinite) x[4][5] = -std::numeric_limits<float>::infinity();
        const Fp8Tensor made = quantise(context(row_scales, false), x.to(kFp8Gpu));
        const Fp8Matrix want = on_cpu(x, row_scales);
        const Tensor codes = made.codes.cpu(), scales = made.scales.cpu();
        EXPECT_EQ(std::memcmp(codes.const_data_ptr(), want.codes.data(), want.codes.size()), 0)
            << columns << " columns, scales a row " << row_scales << ", infinite " << infinite;
        EXPECT_EQ(std::memcmp(scales.const_data_ptr(), want.scales.data(), scales.nbytes()), 0);
      }
}

// What the GPU's product says, in float32 where it can, against the model of the same E4M3 values.
TEST_F(CudaFp8, MultipliesAsTheModelWithinItsLastBit) {
  for (const bool row_scales : {false, true})
    for (const bool fast : {true, false})
      for (const std::int64_t depth : {640, 1280, 2560, 5120}) {
        SCOPED_TRACE(testing::Message()
                     << "scales a row " << row_scales << ", fast " << fast << ", depth " << depth);
        const std::int64_t m = 154, n = 640;
        const Tensor x = at::randn({m, depth}).to(at::kHalf),
                     w = (at::randn({n, depth}) / std::sqrt(static_cast<double>(depth)))
                             .to(at::kHalf);
        const Fp8Matrix a = on_cpu(x, row_scales), b = on_cpu(w, row_scales);
        Tensor model = at::empty({m, n});
        fp8_product(a, Fp8Panels(b), model.data_ptr<float>(), fast, 4);
        const LayerContext by = context(row_scales, fast);
        const Fp8Tensor from = quantise(by, x.to(kFp8Gpu)), weight = quantise(by, w.to(kFp8Gpu));
        // Row scales are only known to go with results of 16 bits.
        const at::ScalarType type = row_scales ? at::kHalf : at::kFloat;
        Tensor y = at::empty({m, n}, at::TensorOptions().dtype(type).device(kFp8Gpu));
        device_->fp8_matmul.run({.m = m,
                                 .n = n,
                                 .k = depth,
                                 .row_scales = row_scales,
                                 .fast = fast,
                                 .out = row_scales ? CUDA_R_16F : CUDA_R_32F},
                                {.x = from.codes.const_data_ptr(),
                                 .w = weight.codes.const_data_ptr(),
                                 .x_scales = from.scales.const_data_ptr<float>(),
                                 .w_scales = weight.scales.const_data_ptr<float>(),
                                 .y = y.mutable_data_ptr()},
                                current_stream());
        const Tensor got = y.cpu().to(at::kDouble), want = model.to(type).to(at::kDouble),
                     exact = at::linear(x.to(at::kDouble), w.to(at::kDouble));
        const double off = ((got - want).norm() / want.norm()).item<double>(),
                     largest = (got - want).abs().max().item<double>(),
                     size = want.abs().max().item<double>(),
                     equal = (got == want).to(at::kDouble).mean().item<double>();
        printf("  depth %5ld %s %s: off the model by %.2e, at most %.2e of %.2f; %.1f %% equal\n",
               long{depth}, row_scales ? "row" : "tensor", fast ? "fast" : "exact", off, largest,
               size, 100 * equal);
        // A unit of the 13th bit behind the largest sum, and one of fp16.
        EXPECT_LE(largest, size * (0x1p-13 + (row_scales ? 0x1p-10 : 0)));
        // Half of what sums lose: less would say the model's bits are others than the GPU's.
        EXPECT_LE(off, (fast ? 2e-4 : 7e-5) + (row_scales ? 2e-4 : 0));
        EXPECT_NEAR(((got - exact).norm() / exact.norm()).item<double>(), 3.7e-2, 4e-3);
      }
}

TEST_F(CudaFp8, ShowsByProbesWhichProductsRan) {
  for (const bool row_scales : {true, false})
    for (const bool fast : {false, true}) {
      const Fp8ProbeErrors errors =
          fp8_probe_errors(context(row_scales, fast).arithmetic, *device_);
      printf("  scales a row %d, fast %d: sums %.3g, values %.3g, small tokens %.3g\n", row_scales,
             fast, errors.sums, errors.values, errors.small_tokens);
      if (fast)
        EXPECT_NEAR(errors.sums, 1.5e-3, 3e-4);
      else
        EXPECT_LT(errors.sums, 3.5e-4);  // fp16's own 2e-4 among them
      EXPECT_NEAR(errors.values, 3.7e-2, 4e-3);
      if (row_scales)
        EXPECT_NEAR(errors.small_tokens, 3.7e-2, 4e-3);
      else
        EXPECT_GT(errors.small_tokens, 0.2);
    }
}

// Fused, they give the codes and scales of the fp16 output that they leave out.
TEST_F(CudaFp8, NormsAndGatesHandOnWhatQuantisingTheirOutputGives) {
  const LayerContext by = context(/*row_scales=*/true, /*fast=*/false);
  for (const std::int64_t channels : {320, 640, 1280, 2560}) {
    SCOPED_TRACE(channels);
    const std::filesystem::path folder = testing::TempDir();
    save_tensors(folder / "fused.safetensors",
                 {{"n.weight", at::randn({channels}).to(at::kHalf)},
                  {"n.bias", at::randn({channels}).to(at::kHalf)},
                  {"g.weight", at::randn({4 * channels, channels}).div(30).to(at::kHalf)},
                  {"g.bias", at::randn({4 * channels}).to(at::kHalf)}});
    const Weights at = Weights::open(folder, "fused", "", at::kHalf, kFp8Gpu);
    const auto fp8 = make_cuda_backend(by.arithmetic, device_),
               plain = make_cuda_backend({}, device_);
    Backend& inside = fp8->of_transformers();
    const auto fused = inside.layer_norm(at / "n", channels, 1e-5),
               apart = plain->of_transformers().layer_norm(at / "n", channels, 1e-5);
    Tensor x = at::randn({2, 77, channels}).to(at::kHalf).to(kFp8Gpu);
    x[1][2] = std::numeric_limits<float>::quiet_NaN();
    x[1][3].zero_();
    const Tensor residual = at::randn({2, 77, channels}).to(at::kHalf).to(kFp8Gpu);
    const auto same = [&](const Tensor& codes, const Tensor& wanted) {
      ASSERT_EQ(codes.scalar_type(), at::kFloat8_e4m3fn);
      const Fp8Tensor got = quantise(by, codes), want = quantise(by, wanted);
      EXPECT_TRUE(at::equal(got.codes, want.codes));
      EXPECT_TRUE(at::equal(got.scales, want.scales));
    };
    same(fused->forward(x), apart->forward(x));
    const LayerNorm::Summed ours = fused->forward_sum(x, residual),
                            theirs = apart->forward_sum(x, residual);
    same(ours.normed, theirs.normed);
    EXPECT_TRUE(at::equal(ours.sum.view(at::kShort), theirs.sum.view(at::kShort)));
    const auto both = [&](const LayerContext& with) {
      return fp8_linear_product(
          with, residual,
          fp8_weight(with, (at / "g").tensor("weight", {4 * channels, channels}),
                     (at / "g").tensor("bias", {4 * channels})));
    };
    const auto gates_of = [&](const LayerContext& with) {
      return make_cuda_backend(with.arithmetic, device_)
          ->of_transformers()
          .geglu(at / "g", channels, 2 * channels)
          ->forward(residual);
    };
    same(gates_of(by), gated(by, both(by)));
    // CUTLASS's product, where it is the faster one, may round the last bit of fp16 otherwise, so
    // that a code in a hundred is a neighbour.
    const LayerContext fast = context(true, /*fast=*/true);
    const Fp8Tensor got = quantise(fast, gates_of(fast)),
                    want = quantise(fast, gated(fast, both(fast)));
    const double equal = (got.codes == want.codes).to(at::kDouble).mean().item<double>();
    printf("  %ld channels, fast sums: %.3f %% of a gate's codes equal\n", long{channels},
           100 * equal);
    EXPECT_GT(equal, 0.99);
    EXPECT_TRUE(at::allclose(got.scales, want.scales, 1e-3, 0));
  }
}

TEST_F(CudaFp8, LayersOfTransformersGiveWhatTheCpusGive) {
  const std::filesystem::path folder = testing::TempDir();
  NamedTensors stored;
  const auto keep = [&](const char* name, at::IntArrayRef shape) {
    stored[name] = (at::randn(shape) / std::sqrt(static_cast<double>(shape.back()))).to(at::kHalf);
  };
  for (const char* name : {"l.weight", "a.weight", "b.weight"}) keep(name, {640, 320});
  keep("g.weight", {2560, 320});
  keep("o.weight", {640, 1280});
  keep("l.bias", {640});
  keep("o.bias", {640});
  keep("g.bias", {2560});
  save_tensors(folder / "fp8.safetensors", stored);
  const Tensor x = at::randn({2, 77, 320}).to(at::kHalf),
               residual = at::randn({2, 77, 640}).to(at::kHalf);
  for (const bool row_scales : {true, false})
    for (const bool fast : {true, false}) {
      const auto all = [&](Backend& make, at::Device on) {
        const Weights at = Weights::open(folder, "fp8", "", at::kHalf, on);
        Backend& inside = make.of_transformers();
        const std::vector<Tensor> group =
            inside.linear_group({at / "a", at / "b"}, 320, 640, false)->forward(x.to(on));
        // The gate may hand on codes, so a layer stands behind it, as in a transformer.
        const Tensor gated = inside.linear(at / "o", 1280, 640)
                                 ->forward(inside.geglu(at / "g", 320, 1280)->forward(x.to(on)));
        const Tensor direct =
            at::cat({inside.linear(at / "l", 320, 640)->forward(x.to(on), residual.to(on)),
                     group[0], group[1]},
                    -1);
        return std::pair(direct.cpu().to(at::kDouble), gated.cpu().to(at::kDouble));
      };
      CpuCounters counted;
      const auto model = make_cpu_backend(
          {.fp8 = Fp8Arithmetic{row_scales ? ScaleOf::kRow : ScaleOf::kTensor, fast}}, counted);
      device_->counters = {};
      const auto ours = make_cuda_backend(context(row_scales, fast).arithmetic, device_);
      const auto [want, want_gated] = all(*model, at::kCPU);
      const auto [got, got_gated] = all(*ours, kFp8Gpu);
      const auto apart = [](const Tensor& a, const Tensor& b) {
        return ((a - b).norm() / b.norm()).item<double>();
      };
      const double off = apart(got, want), gates_off = apart(got_gated, want_gated);
      printf("  scales a row %d, fast %d: layers off by %.2e, behind a gate by %.2e\n", row_scales,
             fast, off, gates_off);
      EXPECT_LE(off, 6e-4);  // two stores to fp16 and the bits that sums lose
      // A gate that differs in its last bit of fp16 may become the next code, a sixteenth away:
      // one in a hundred does. A code of another value in each place would be 0.04 off.
      EXPECT_LE(gates_off, 8e-3);
      EXPECT_EQ(device_->counters.unet.fp8_fast, fast ? 4 : 0);
      EXPECT_EQ(device_->counters.unet.fp8_exact, fast ? 0 : 4);
      EXPECT_EQ(counted.fp8_fast + counted.fp8_exact, 4);
      EXPECT_EQ(device_->counters.unet.linear_fp16, 0);
    }
}

TEST_F(CudaFp8, ASmallModelsPictureIsMadeWithEachSwitch) {
  const std::filesystem::path model =
      std::filesystem::path(SAMESEED_SOURCE_DIR) / "reference" / "nano-sdxl";
  for (const char* name : {kConvHalf, kMatmulHalf, kAttentionHalf}) ::setenv(name, "0", 1);
  const std::string noise = testing::TempDir() + "fp8_noise.safetensors";
  draw_noise({.model = model, .seed = 1, .width = 128, .height = 128, .out = noise});
  std::set<std::string> latents;
  for (const auto& [linear, fast] :
       {std::pair{"fp16", 0}, {"fp8", 0}, {"fp8", 1}, {"fp8-tensor", 0}, {"fp8-tensor", 1}}) {
    SCOPED_TRACE(testing::Message() << linear << ", fast " << fast);
    const auto engine = make_accelerated_engine(
        [](at::ScalarType type) { return make_aten_backend(type, kFp8Gpu); }, kFp8Gpu, {});
    engine->load({.model = model, .cold = true, .linear = linear, .fp8_fast_accumulation = fast});
    Request request{.prompt = "an owl", .steps = 4};
    request.noise = noise;
    const Generation picture = engine->generate(request);
    const nlohmann::json& counted = picture.engagement;
    const bool fp8 = std::string(linear) != "fp16";
    EXPECT_EQ(counted.at("unet").at("fp8_fast") > 0, fp8 && fast == 1);
    EXPECT_EQ(counted.at("unet").at("fp8_exact") > 0, fp8 && fast == 0);
    EXPECT_EQ(counted.at("unet").at("linear_fp16") > 0, !fp8);
    EXPECT_EQ(counted.at("non_finite_latents"), 0);
    EXPECT_TRUE(latents.insert(picture.hashes.at("latents")).second);
    EXPECT_EQ(engine->generate(request).hashes, picture.hashes);
  }
  for (const char* name : {kConvHalf, kMatmulHalf, kAttentionHalf}) ::unsetenv(name);
}

}  // namespace
}  // namespace sameseed::cuda
