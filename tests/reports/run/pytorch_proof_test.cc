#include "reports/run/pytorch_proof.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sameseed {
namespace {

using nlohmann::json;

std::string pytorch_verdict(const std::string& axis, const json& asked, const json& effective,
                            const json& engagement) {
  const json load = {{"effective", effective}, {"engagement", engagement}};
  const SampleRecord sample = {.sample = "s",
                               .effective = std::make_shared<json>(effective),
                               .engagement = std::make_shared<json>(json::object())};
  const ArmEvidence arm{.name = "reference",
                        .engine = "reference",
                        .asked = {{axis, asked}},
                        .samples = {&sample},
                        .load = &load};
  return engagement_of(arm, {}).at("reference." + axis).verdict;
}

TEST(PytorchEngagement, OfFp16SumsIsProvenByAnError) {
  const std::string axis = "load.fp16_accumulation";
  const auto verdict = [&](const json& asked, int used, double error, const char* type = "fp16") {
    return pytorch_verdict(axis, asked, {{"fp16_accumulation", used}, {"precision", type}},
                           {{"fp16_accumulation_error", error}});
  };
  EXPECT_EQ(verdict(1, 1, 1.9e-3), "engaged");
  EXPECT_EQ(verdict(1, 1, 1.9e-3, "fp32"), "inert");
  EXPECT_EQ(verdict(1, 1, 2e-4), "not engaged");
  EXPECT_EQ(verdict(1, 0, 1.9e-3), "not engaged");
  EXPECT_EQ(verdict(0, 0, 2e-4), "engaged");
  EXPECT_EQ(verdict(nullptr, 0, 2e-4), "engaged");
  EXPECT_EQ(verdict(0, 0, 1.9e-3), "not engaged");
  const json on_cpu = {{"fp16_accumulation", 0}, {"precision", "fp32"}};
  EXPECT_EQ(pytorch_verdict(axis, nullptr, on_cpu, {}), "inert");
}

TEST(PytorchEngagement, OfTf32IsProvenByErrorsOfAProductAndAConvolution) {
  const std::string axis = "load.tf32";
  const auto verdict = [&](const json& asked, double product, double convolution,
                           const char* type = "fp32") {
    return pytorch_verdict(axis, asked,
                           {{"tf32", asked}, {"precision", type}, {"vae_precision", "Half"}},
                           {{"tf32_matmul_error", product}, {"tf32_conv_error", convolution}});
  };
  EXPECT_EQ(verdict(1, 4e-4, 4e-4), "engaged");
  EXPECT_EQ(verdict(1, 4e-4, 4e-4, "fp16"), "inert");
  EXPECT_EQ(verdict(1, 1e-6, 4e-4), "not engaged");
  EXPECT_EQ(verdict(1, 4e-4, 1e-6), "not engaged");
  EXPECT_EQ(verdict(0, 1e-6, 1e-6), "engaged");
  EXPECT_EQ(verdict(0, 1e-6, 4e-4), "not engaged");
  EXPECT_EQ(verdict(nullptr, 1e-6, 4e-4), "engaged");
  EXPECT_EQ(verdict(nullptr, 4e-4, 4e-4), "not engaged");
}

}  // namespace
}  // namespace sameseed
