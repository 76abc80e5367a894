// diffusers' own results, made by tests/goldens/make_parity_goldens.py: what a correct fp32 program
// must give, whatever CPU it runs on. That the limits find mistakes is shown in
// planted_mistakes_test.cc.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "io/files.h"
#include "io/png.h"
#include "io/safetensors.h"
#include "pipeline/noise.h"
#include "pipeline/text/tokenizer.h"
#include "reference/reference_engine.h"
#include "tests/reference/golden_picture.h"
#include "tests/reference/last_bits.h"

namespace sameseed {
namespace {

using nlohmann::json;

// The picture of 8 bits that was written: rounded half to even, where rounding errors may tip a few
// values over.
void expect_bytes(const Image& written, const at::Tensor& wanted) {
  const at::Tensor bytes =
      at::from_blob(const_cast<std::uint8_t*>(written.rgb.data()),
                    {written.height, written.width, 3}, at::TensorOptions().dtype(at::kByte));
  const at::Tensor off =
      (bytes.permute({2, 0, 1}).to(at::kFloat) - (wanted[0] * 255).round()).abs();
  EXPECT_LE(off.max().item<double>(), 1);
  EXPECT_LE((off > 0).to(at::kDouble).mean().item<double>(), 0.002);
}

class Goldens : public ::testing::TestWithParam<json> {};

TEST_P(Goldens, EqualDiffusersWithinRounding) {
  const json& c = GetParam();
  const GoldenPicture picture(c, {.threads = c.value("threads", 1)});
  const SafetensorsFile wanted = picture.wanted(), got = picture.got();
  ASSERT_TRUE(wanted.tensors().contains("latents"));
  for (const auto& [name, deviation] : picture.deviations())
    expect_within(golden_limits().at(name), deviation, name);
  if (wanted.tensors().contains("image")) expect_bytes(picture.written(), picture.wanted("image"));
  EXPECT_EQ(wanted.tensors().contains("negative_prompt_embeds"),
            wanted.tensors().size() > 1 && got.tensors().contains("negative_prompt_embeds"));
}

std::string name_of(const ::testing::TestParamInfo<json>& parameter) {
  return parameter.param.at("name").get<std::string>();
}

INSTANTIATE_TEST_SUITE_P(Parity, Goldens, ::testing::ValuesIn(golden_cases()), name_of);

// Two threads split sums in other places. These are the cases that rounding changes most.
std::vector<json> cases_of_two_threads() {
  std::vector<json> cases;
  for (const char* name : {"a_odd", "b_square", "b_long", "b_dc_3_1_1"}) {
    cases.push_back(golden_case(name));
    cases.back()["threads"] = 2;
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(ParityOfTwoThreads, Goldens, ::testing::ValuesIn(cases_of_two_threads()),
                         name_of);

// What a CPU with kernels of its own may make of the goldens: every layer's output is moved by one
// last bit, up or down by chance. Half of each limit is more than that takes.
class LastBits : public ::testing::TestWithParam<json> {};

TEST_P(LastBits, MoveTheGoldensByLessThanHalfTheLimits) {
  const GoldenPicture moved(GetParam(), {.text = move_last_bits(1), .unet = move_last_bits(2)}),
      plain(GetParam());
  EXPECT_FALSE(at::equal(moved.got("latents"), plain.got("latents")));
  for (const char* name : {"noise_pred_first", "noise_pred_last", "latents"})
    expect_within(golden_limits().at(name) / 2, relative_l2(moved.got(name), plain.got(name)),
                  name);
}

INSTANTIATE_TEST_SUITE_P(Parity, LastBits, ::testing::ValuesIn(cases_of_two_threads()), name_of);

TEST(Tokenizer, GivesTheIdsOfTransformersForNastyPrompts) {
  const json golden = read_json(kGoldens / "tokens.json");
  const auto first = Tokenizer::open(kGoldens / "model_a/tokenizer"),
             second = Tokenizer::open(kGoldens / "model_a/tokenizer_2");
  std::size_t seen = 0;
  for (const json& row : golden.is_array() ? golden : golden.at("prompts")) {
    const std::string prompt = row.at("prompt");
    EXPECT_EQ(first.encode(prompt).ids, row.at("input_ids").get<std::vector<std::int64_t>>())
        << prompt;
    EXPECT_EQ(second.encode(prompt).ids, row.at("input_ids_2").get<std::vector<std::int64_t>>())
        << prompt;
    ++seen;
  }
  EXPECT_GE(seen, 10u);
}

TEST(DeepCache, WithIntervalOneEqualsNoDeepCacheToTheBit) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "interval-one";
  const auto engine = make_reference_engine(at::kCPU);
  const std::string model = (kGoldens / "model_a").string();
  engine->load({.model = model, .threads = 1});
  Request request{.prompt = "a cat", .steps = 4, .width = 64, .height = 64};
  request.noise = (folder / "noise.safetensors").string();
  draw_noise({.model = model, .seed = 1, .width = 64, .height = 64, .out = request.noise});
  const auto plain = engine->generate(request);
  request.deepcache = parse_deepcache("1/0/0");
  EXPECT_EQ(engine->generate(request).hashes, plain.hashes);
  request.deepcache = parse_deepcache("2/0/0");
  EXPECT_NE(engine->generate(request).hashes.at("latents"), plain.hashes.at("latents"));
  request.deepcache.reset();  // nothing of the cache may stay behind
  EXPECT_EQ(engine->generate(request).hashes, plain.hashes);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sameseed
