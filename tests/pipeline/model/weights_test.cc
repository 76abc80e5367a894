#include "pipeline/model/weights.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "io/error.h"
#include "io/files.h"
#include "pipeline/model/pipeline_config.h"
#include "pipeline/model/tensor_files.h"
#include "pipeline/text/text_encoder_config.h"
#include "pipeline/unet/unet_config.h"
#include "pipeline/vae/vae_config.h"

namespace sameseed {
namespace {

const std::filesystem::path kFolder =
    std::filesystem::path(::testing::TempDir()) / "sameseed-weights";

class WeightsFolder : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(kFolder); }
  void TearDown() override { std::filesystem::remove_all(kFolder); }
};

TEST_F(WeightsFolder, ListEveryMistakeAtOnceAndWhatNobodyAskedFor) {
  save_tensors(kFolder / "m.safetensors",
               {{"a.weight", at::ones({2, 3})}, {"extra", at::ones({1})}});
  const Weights weights = Weights::open(kFolder, "m", "", at::kFloat);
  (weights / "a").tensor("weight", {3, 2});
  (weights / "a").tensor("bias", {2});
  try {
    weights.check();
    FAIL();
  } catch (const UserError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("a.weight: has shape [2, 3], the network needs [3, 2]"), std::string::npos)
        << text;
    EXPECT_NE(text.find("a.bias [2]: missing"), std::string::npos) << text;
  }
  const Weights good = Weights::open(kFolder, "m", "", at::kFloat);
  (good / "a").tensor("weight", {2, 3});
  EXPECT_EQ(good.check(), (std::vector<std::string>{"extra"}));
}

TEST_F(WeightsFolder, RefuseValuesThatAreNotFiniteByName) {
  save_tensors(kFolder / "m.safetensors",
               {{"a", at::full({2}, std::nan(""))},
                {"b", at::full({1}, -HUGE_VAL)},
                {"c", at::full({2}, 70000.0f)},    // too large for half precision
                {"d", at::full({4}, 60000.0f)}});  // only their sum is
  const auto problems_in = [](at::ScalarType type) -> std::string {
    const Weights weights = Weights::open(kFolder, "m", "", type);
    weights.tensor("a", {2}), weights.tensor("b", {1});
    weights.tensor("c", {2}), weights.tensor("d", {4});
    try {
      weights.check();
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  };
  const std::string half = problems_in(at::kHalf), single = problems_in(at::kFloat);
  for (const char* words : {"a: holds NaN or infinite values", "b: holds NaN or infinite values"}) {
    EXPECT_NE(half.find(words), std::string::npos) << half;
    EXPECT_NE(single.find(words), std::string::npos) << single;
  }
  EXPECT_NE(half.find("c: holds values that do not fit Half"), std::string::npos) << half;
  EXPECT_EQ(single.find("c: "), std::string::npos) << single;
  EXPECT_EQ(half.find("d: "), std::string::npos) << half;
}

TEST_F(WeightsFolder, AreReadFromShardsAndFromTheVariantThatIsAskedFor) {
  save_tensors(kFolder / "m-1.safetensors", {{"a", at::full({1}, 1.0f)}});
  save_tensors(kFolder / "m-2.safetensors", {{"b", at::full({1}, 2.0f).to(at::kBFloat16)}});
  save_tensors(kFolder / "m.fp16.safetensors", {{"a", at::full({1}, 3.0f).to(at::kHalf)}});
  write_file(kFolder / "m.safetensors.index.json",
             R"({"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}})");
  const Weights sharded = Weights::open(kFolder, "m", "", at::kFloat);
  EXPECT_EQ(sharded.tensor("a", {1}).item<float>(), 1);
  EXPECT_EQ(sharded.tensor("b", {1}).item<float>(), 2);
  EXPECT_EQ(sharded.stored_type(), "BF16, F32");
  EXPECT_EQ(Weights::open(kFolder, "m", "fp16", at::kFloat).tensor("a", {1}).item<float>(), 3);
  EXPECT_THROW(Weights::open(kFolder, "m", "bf16", at::kFloat), UserError);
}

TEST_F(WeightsFolder, StayInTheMappedFileWhereTheirTypeIsRight) {
  save_tensors(kFolder / "m.safetensors", {{"a", at::full({3}, 2.0f)}});
  at::Tensor kept;
  {
    const Weights weights = Weights::open(kFolder, "m", "", at::kFloat);
    kept = weights.tensor("a", {3});
    EXPECT_EQ(kept.const_data_ptr(), weights.tensor("a", {3}).const_data_ptr());
    EXPECT_EQ(Weights::open(kFolder, "m", "", at::kHalf).tensor("a", {3}).scalar_type(), at::kHalf);
  }
  EXPECT_TRUE(at::equal(kept, at::full({3}, 2.0f)));  // mapped as long as the tensor lives
}

// An upload on the CPU that reads and writes nothing before it has to.
struct LateUpload {
  std::vector<std::pair<void*, std::span<const std::byte>>> queued;
  int finished = 0;

  Upload upload() {
    return {.copy = [this](void* to,
                           std::span<const std::byte> from) { queued.emplace_back(to, from); },
            .finish =
                [this] {
                  for (const auto& [to, from] : queued) std::memcpy(to, from.data(), from.size());
                  ++finished;
                }};
  }
};

const auto kEverything = [](const std::string&) { return true; };

TEST_F(WeightsFolder, AreSentAllAtOnceAndHandedOutOnce) {
  const at::Tensor a = at::arange(6, at::kFloat).view({2, 3}), b = at::full({4}, 0.5f);
  save_tensors(kFolder / "m.safetensors", {{"a", a}, {"b", b}, {"left", b}});
  const Weights weights = Weights::open(kFolder, "m", "", at::kFloat);
  LateUpload late;
  EXPECT_EQ(weights.send(late.upload(), [](const std::string& name) { return name != "left"; }),
            10 * 4);
  EXPECT_EQ(late.finished, 1);
  ASSERT_EQ(late.queued.size(), 2u);
  for (const auto& [name, stored, sent] :
       {std::tuple{"a", a, late.queued[0]}, std::tuple{"b", b, late.queued[1]}}) {
    const at::Tensor first = weights.tensor(name, stored.sizes());
    EXPECT_EQ(first.const_data_ptr(), sent.first) << name;
    EXPECT_TRUE(at::equal(first, stored)) << name;
    EXPECT_EQ(first.use_count(), 1u) << name;  // freed when a layer stores it otherwise
    const at::Tensor again = weights.tensor(name, stored.sizes());
    EXPECT_NE(again.const_data_ptr(), sent.first) << name;
    EXPECT_TRUE(at::equal(again, stored)) << name;
  }
  EXPECT_TRUE(at::equal(weights.tensor("left", {4}), b));
  EXPECT_TRUE(weights.check().empty());
}

TEST_F(WeightsFolder, AreSentKindByKind) {
  save_tensors(kFolder / "m.safetensors", {{"0.k.weight", at::ones({1, 1})},
                                           {"0.q.weight", at::ones({1, 2})},
                                           {"1.k.weight", at::ones({1, 3})},
                                           {"1.q.weight", at::ones({1, 4})}});
  LateUpload late;
  Weights::open(kFolder, "m", "", at::kFloat).send(late.upload(), kEverything);
  std::vector<std::size_t> sizes;
  for (const auto& [to, from] : late.queued) sizes.push_back(from.size() / 4);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 3, 2, 4}));
}

TEST_F(WeightsFolder, AreSentTogetherWhereTheyAreVectors) {
  const at::Tensor a = at::arange(3, at::kFloat), b = at::arange(100, at::kFloat);
  save_tensors(kFolder / "m.safetensors", {{"a", a}, {"b", b}, {"long", at::ones({20'000})}});
  const Weights weights = Weights::open(kFolder, "m", "", at::kFloat);
  LateUpload late;
  EXPECT_EQ(weights.send(late.upload(), kEverything), 20'103 * 4);
  ASSERT_EQ(late.queued.size(), 2u);
  EXPECT_EQ(late.queued[0].second.size(), 80'000u);
  EXPECT_EQ(late.queued[1].second.size(), 256u + 512u);  // where libraries find them aligned
  const at::Tensor there = weights.tensor("b", {100});
  EXPECT_EQ(there.const_data_ptr(), static_cast<std::byte*>(late.queued[1].first) + 256);
  EXPECT_TRUE(at::equal(there, b));
  EXPECT_TRUE(at::equal(weights.tensor("a", {3}), a));
}

TEST_F(WeightsFolder, AreSentAsStoredWhereThatTakesNoMoreMemory) {
  const at::Tensor values = at::full({3}, 0.1f);
  save_tensors(kFolder / "m.safetensors", {{"half", values.to(at::kHalf)},
                                           {"ids", at::arange(3)},
                                           {"short", values.to(at::kBFloat16)},
                                           {"single", values}});
  const auto bytes_as = [](at::ScalarType type) {
    const Weights weights = Weights::open(kFolder, "m", "", type);
    LateUpload late;
    const std::int64_t bytes = weights.send(late.upload(), kEverything);
    for (const char* name : {"half", "short", "single"}) {
      const at::Tensor plain = Weights::open(kFolder, "m", "", type).tensor(name, {3});
      EXPECT_TRUE(at::equal(weights.tensor(name, {3}), plain)) << name;
    }
    EXPECT_EQ(weights.check(), (std::vector<std::string>{"ids"}));
    return bytes;
  };
  EXPECT_EQ(bytes_as(at::kFloat), 3 * (2 + 2 + 4));
  EXPECT_EQ(bytes_as(at::kHalf), 3 * (2 + 2));
}

TEST_F(WeightsFolder, RefuseValuesThatAreNotFiniteByNameWhenSentToo) {
  save_tensors(kFolder / "m.safetensors",
               {{"a", at::full({2}, std::nan("")).to(at::kHalf)},
                {"b", at::full({1}, 70000.0f).to(at::kBFloat16)},  // too large for half precision
                {"c", at::full({2}, 3e38f).to(at::kBFloat16)},     // the sum is for float32
                {"d", at::full({4}, 60000.0f).to(at::kHalf)}});
  const auto problems_in = [](at::ScalarType type) -> std::string {
    const Weights weights = Weights::open(kFolder, "m", "", type);
    LateUpload late;
    weights.send(late.upload(), kEverything);
    for (const char* name : {"a", "b", "c", "d"})
      weights.tensor(name, {name[0] == 'b' ? 1 : name[0] == 'd' ? 4 : 2});
    try {
      weights.check();
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  };
  const std::string half = problems_in(at::kHalf), wide = problems_in(at::kBFloat16);
  for (const std::string& text : {half, wide})
    EXPECT_NE(text.find("a: holds NaN or infinite values"), std::string::npos) << text;
  for (const char* name : {"b", "c"}) {
    EXPECT_NE(half.find(std::string(name) + ": holds values that do not fit Half"),
              std::string::npos)
        << half;
    EXPECT_EQ(wide.find(std::string(name) + ": holds"), std::string::npos) << wide;
  }
  EXPECT_EQ(half.find("d: holds"), std::string::npos) << half;
}

TEST_F(WeightsFolder, AcceptTheOlderNamesOfTheVaesAttention) {
  save_tensors(kFolder / "m.safetensors",
               {{"mid.attentions.0.query.weight", at::ones({2, 2, 1, 1})},
                {"mid.attentions.0.proj_attn.bias", at::ones({2})}});
  const Weights place = Weights::open(kFolder, "m", "", at::kFloat) / "mid.attentions.0";
  place.tensor("to_q.weight", {2, 2});
  place.tensor("to_out.0.bias", {2});
  EXPECT_TRUE(place.check().empty());
}

TEST_F(WeightsFolder, RefuseShardsOutsideTheFolder) {
  write_file(kFolder / "m.safetensors.index.json", R"({"weight_map":{"a":"../m-1.safetensors"}})");
  EXPECT_THROW(Weights::open(kFolder, "m", "", at::kFloat), UserError);
}

TEST_F(WeightsFolder, ConfigsRefuseWhatIsNotSupportedByName) {
  write_file(
      kFolder / "config.json",
      R"({"addition_embed_type":"image","act_fn":"relu","made_up":3,"down_block_types":["AttnDownBlock2D"]})");
  try {
    read_unet_config(kFolder);
    FAIL();
  } catch (const UserError& error) {
    for (const char* name :
         {"addition_embed_type", "act_fn = \"relu\"", "made_up", "AttnDownBlock2D"})
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << name << "\n"
                                                                         << error.what();
  }
}

}  // namespace
}  // namespace sameseed
