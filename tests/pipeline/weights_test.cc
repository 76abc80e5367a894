#include "pipeline/weights.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "io/error.h"
#include "io/files.h"
#include "pipeline/config.h"
#include "pipeline/tensor_files.h"

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
  write_file(kFolder / "scheduler_config.json",
             R"({"_class_name":"EDMDPMSolverMultistepScheduler"})");
  try {
    read_scheduler_config(kFolder);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("this EDM scheduler is not supported yet"),
              std::string::npos);
  }
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
