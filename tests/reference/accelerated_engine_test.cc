#include "pipeline/cpu/accelerated_engine.h"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

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
    const auto engine =
        make_accelerated_engine([](at::ScalarType type) { return make_aten_backend(type); });
    Answer answer{
        engine->load({.model = model_, .vae_precision = vae_precision, .threads = 1}), {}, {}};
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

TEST_F(AcceleratedEngine, HasASwitchOfAttentionThatTheReferenceHasNot) {
  const auto engine = make_reference_engine(at::kCPU);
  const json read = engine->load({.model = model_, .threads = 1}).effective.at(kAttentionHalf);
  EXPECT_EQ(read.at("acts"), false);
  EXPECT_EQ(read.at("reason"), "acts on the accelerated engine only");
}

}  // namespace
}  // namespace sameseed
