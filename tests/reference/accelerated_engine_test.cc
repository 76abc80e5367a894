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

  // A picture of two steps with the variable as it is given; null: unset. The other switches are
  // off.
  Answer with_attention(const char* value) const {
    ::setenv(kConvHalf, "0", 1);
    ::setenv(kMatmulHalf, "0", 1);
    value ? ::setenv(kAttentionHalf, value, 1) : ::unsetenv(kAttentionHalf);
    const auto engine =
        make_accelerated_engine([](at::ScalarType type) { return make_aten_backend(type); });
    Answer answer{engine->load({.model = model_, .threads = 1}), {}, {}};
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
  const json &floats = off.picture.engagement, &halves = on.picture.engagement;
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
  EXPECT_EQ(unset.picture.engagement.at("attention_half"), halves.at("attention_half"));
}

TEST_F(AcceleratedEngine, HasASwitchOfAttentionThatTheReferenceHasNot) {
  const auto engine = make_reference_engine(at::kCPU);
  const json read = engine->load({.model = model_, .threads = 1}).effective.at(kAttentionHalf);
  EXPECT_EQ(read.at("acts"), false);
  EXPECT_EQ(read.at("reason"), "acts on the accelerated engine only");
}

}  // namespace
}  // namespace sameseed
