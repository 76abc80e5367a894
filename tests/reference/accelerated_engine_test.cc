#include "pipeline/cpu/accelerated_engine.h"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "io/error.h"
#include "pipeline/env_flags.h"
#include "pipeline/noise.h"
#include "reference/aten_backend.h"
#include "reference/reference_engine.h"
#include "tests/reference/copied_model.h"

namespace sameseed {
namespace {

using nlohmann::json;

class AcceleratedEngine : public CopiedModel {
 protected:
  struct Answer {
    LoadReport load;
    Generation picture;
    at::Tensor text;
  };

  Answer with_attention(const char* value) const { return with(kAttentionHalf, value); }

  // A picture of two steps with the variable as it is given; null: unset. The other switches are
  // off.
  Answer with(const std::string& variable, const char* value,
              const std::string& vae_precision = "model") const {
    for (const char* name : {kConvHalf, kMatmulHalf, kAttentionHalf}) ::setenv(name, "0", 1);
    value ? ::setenv(variable.c_str(), value, 1) : ::unsetenv(variable.c_str());
    return picture({.vae_precision = vae_precision});
  }

  Answer with_linear(const std::string& linear, int fast = 0) const {
    for (const char* name : {kConvHalf, kMatmulHalf, kAttentionHalf}) ::setenv(name, "0", 1);
    return picture({.linear = linear, .fp8_fast_accumulation = fast});
  }

  Answer picture(LoadOptions options) const {
    options.model = model_;
    options.threads = 1;
    const auto engine =
        make_accelerated_engine([](at::ScalarType type) { return make_aten_backend(type); });
    Answer answer{engine->load(options), {}, {}};
    Request request{.prompt = "a cat", .steps = 2, .width = 64, .height = 64};
    request.noise = folder_ / "noise.safetensors";
    request.tensors = folder_ / "tensors.safetensors";
    draw_noise({.model = model_, .seed = 1, .width = 64, .height = 64, .out = request.noise});
    answer.picture = engine->generate(request);
    answer.text = tensors_of(request.tensors).at("prompt_embeds");
    for (const char* name : {kConvHalf, kMatmulHalf, kAttentionHalf}) ::unsetenv(name);
    return answer;
  }
};

TEST_F(AcceleratedEngine, AddsUpAttentionInHalfWhereItsSwitchSaysSoOrIsUnset) {
  const Answer off = with_attention("0"), on = with_attention("1"), unset = with_attention(nullptr);
  const json &floats = off.picture.engagement.at("unet"),
             &halves = on.picture.engagement.at("unet");
  EXPECT_EQ(floats.at("attention_half"), 0);
  EXPECT_GT(floats.at("attention_float"), 0);
  EXPECT_EQ(halves.at("attention_half"), floats.at("attention_float"));
  EXPECT_EQ(halves.at("attention_float"), 0);  // the text encoders' is not counted
  EXPECT_EQ(halves.at("matmul_float"), floats.at("matmul_float"));
  EXPECT_TRUE(at::equal(on.text, off.text));  // nor does it change
  EXPECT_EQ(on.load.effective.at(kAttentionHalf).at("acts"), true);
  EXPECT_LT(off.load.engagement.at("attention_error"), 1e-5);
  EXPECT_GT(on.load.engagement.at("attention_error"), 1e-3);

  EXPECT_NE(on.picture.hashes.at("latents"), off.picture.hashes.at("latents"));
  EXPECT_EQ(on.picture.hashes.at("latents"), unset.picture.hashes.at("latents"));
  EXPECT_EQ(unset.picture.engagement.at("unet").at("attention_half"), halves.at("attention_half"));
}

TEST_F(AcceleratedEngine, CountsTheLayersOfEachNetworkApartAndNotThoseOfTheVae) {
  const Answer full = with(kConvHalf, "1"), half = with(kConvHalf, "1", "fp16");
  for (const Answer* one : {&full, &half}) {
    const json& counted = one->picture.engagement;
    EXPECT_GT(counted.at("unet").at("conv_half"), 0);
    EXPECT_EQ(counted.at("unet").at("conv_float"), 0);
    EXPECT_EQ(counted.at("text").at("conv_half"), 0);
    EXPECT_EQ(counted.at("unet"), full.picture.engagement.at("unet"));
    EXPECT_FALSE(counted.contains("vae"));
    EXPECT_FALSE(counted.contains("conv_half"));
  }
  EXPECT_NE(half.picture.hashes.at("image"), full.picture.hashes.at("image"));
}

// onediffx compiles the text encoders too, and so the switch of products is theirs as well.
TEST_F(AcceleratedEngine, AddsUpProductsOfTheTextEncodersInHalfAsThoseOfTheUnet) {
  const Answer off = with(kMatmulHalf, "0"), on = with(kMatmulHalf, "1");
  for (const char* network : {"unet", "text"}) {
    const json &floats = off.picture.engagement.at(network),
               &halves = on.picture.engagement.at(network);
    EXPECT_GT(halves.at("matmul_half"), 0) << network;
    EXPECT_EQ(halves.at("matmul_float"), 0) << network;
    EXPECT_EQ(floats.at("matmul_float"), halves.at("matmul_half")) << network;
  }
  EXPECT_FALSE(at::equal(on.text, off.text));
  EXPECT_EQ(on.load.effective.at(kMatmulHalf).at("networks"), (json{"unet", "text"}));
}

TEST_F(AcceleratedEngine, NamesPrecisionsAsTheirAxesDo) {
  for (const char* asked : {"fp64", "fp32", "fp16", "bf16"})
    EXPECT_EQ(with(kConvHalf, "0", asked).load.effective.at("vae_precision"), asked);
}

TEST_F(AcceleratedEngine, MultipliesTransformersInFp8WhereItIsAskedTo) {
  const Answer plain = with_linear("fp16"), exact = with_linear("fp8"),
               fast = with_linear("fp8", 1);
  const json &usual = plain.picture.engagement.at("unet"),
             &in_fp8 = exact.picture.engagement.at("unet");
  EXPECT_GT(usual.at("linear_fp16"), 0);
  EXPECT_EQ(usual.at("fp8_exact"), 0);
  EXPECT_GT(in_fp8.at("fp8_exact"), 0);
  EXPECT_EQ(in_fp8.at("fp8_fast"), 0);
  EXPECT_EQ(in_fp8.at("linear_fp16"), 0);
  EXPECT_EQ(fast.picture.engagement.at("unet").at("fp8_fast"), in_fp8.at("fp8_exact"));
  EXPECT_EQ(usual.at("matmul_float").get<int>() - usual.at("linear_fp16").get<int>(),
            in_fp8.at("matmul_float"));  // whatever is no transformer's
  EXPECT_TRUE(at::equal(exact.text, plain.text));
  EXPECT_NE(exact.picture.hashes.at("latents"), plain.picture.hashes.at("latents"));
  EXPECT_EQ(fast.load.effective.at("linear"), "fp8");
  EXPECT_GT(fast.load.engagement.at("fp8_sums_error"), 4e-4);
  EXPECT_LT(exact.load.engagement.at("fp8_sums_error"), 4e-4);
}

TEST_F(AcceleratedEngine, RefusesByNameWhatTheOtherArmDoes) {
  const auto refusal = [&](Engine& engine, LoadOptions options) -> std::string {
    options.model = model_;
    try {
      engine.load(options);
    } catch (const Unsupported& refused) {
      return refused.what();
    } catch (const UserError& refused) {
      return std::string("wrong: ") + refused.what();
    }
    return "taken";
  };
  const auto ours =
      make_accelerated_engine([](at::ScalarType type) { return make_aten_backend(type); });
  const auto plain = make_reference_engine(at::kCPU);
  EXPECT_TRUE(refusal(*ours, {.fp16_accumulation = 1}).starts_with("load.fp16_accumulation: "));
  EXPECT_TRUE(refusal(*ours, {.tf32 = 0}).starts_with("load.tf32: "));
  EXPECT_TRUE(refusal(*ours, {.fp8_fast_accumulation = 1})
                  .starts_with("wrong: load.fp8_fast_accumulation = 1 "));
  EXPECT_TRUE(refusal(*plain, {.linear = "fp8"}).starts_with("load.linear = \"fp8\": "));
  EXPECT_TRUE(
      refusal(*plain, {.fp16_accumulation = 1}).starts_with("load.fp16_accumulation = 1: "));
  EXPECT_TRUE(refusal(*plain, {.tf32 = 1}).starts_with("load.tf32 = 1: "));
  EXPECT_EQ(refusal(*plain, {.tf32 = 0}), "taken");
}

TEST_F(AcceleratedEngine, HasASwitchOfAttentionThatTheReferenceHasNot) {
  const auto engine = make_reference_engine(at::kCPU);
  const json read = engine->load({.model = model_, .threads = 1}).effective.at(kAttentionHalf);
  EXPECT_EQ(read.at("acts"), false);
  EXPECT_EQ(read.at("reason"), "acts on the accelerated engine only");
}

}  // namespace
}  // namespace sameseed
