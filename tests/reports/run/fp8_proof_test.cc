#include "reports/run/fp8_proof.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sameseed {
namespace {

using nlohmann::json;

struct Made {
  std::string linear = "fp8";
  int fast = 0;
  json calls = {{"fp8_fast", 0}, {"fp8_exact", 170}, {"linear_fp16", 0}};
  json probes = {
      {"fp8_error", 3.7e-2}, {"fp8_sums_error", 1.3e-4}, {"fp8_small_tokens_error", 3.7e-2}};
};

std::string verdict(const std::string& axis, const json& asked, const Made& made) {
  const json load = {{"engagement", made.probes}};
  const SampleRecord sample = {.sample = "s",
                               .effective = std::make_shared<json>(json{
                                   {"linear", made.linear}, {"fp8_fast_accumulation", made.fast}}),
                               .engagement = std::make_shared<json>(made.calls)};
  const ArmEvidence arm{.name = "candidate",
                        .engine = "accelerated",
                        .asked = {{axis, asked}},
                        .samples = {&sample},
                        .load = &load};
  const auto proofs = engagement_of(arm, {});
  const auto found = proofs.find("candidate." + axis);
  return found == proofs.end() ? "none" : found->second.verdict;
}

const json kFastCalls = {{"fp8_fast", 170}, {"fp8_exact", 0}, {"linear_fp16", 0}},
           kFp16Calls = {{"fp8_fast", 0}, {"fp8_exact", 0}, {"linear_fp16", 170}};

json probes(double all, double sums, double small) {
  return {{"fp8_error", all}, {"fp8_sums_error", sums}, {"fp8_small_tokens_error", small}};
}

TEST(Fp8Engagement, OfLinearIsProvenByCallsAndAProbe) {
  const std::string axis = "load.linear";
  EXPECT_EQ(verdict(axis, "fp8", {}), "engaged");
  EXPECT_EQ(
      verdict(axis, "fp8-tensor", {.linear = "fp8-tensor", .probes = probes(3.7e-2, 1.3e-4, 0.4)}),
      "engaged");
  EXPECT_EQ(verdict(axis, "fp16", {.linear = "fp16", .calls = kFp16Calls, .probes = {}}),
            "engaged");
  EXPECT_EQ(verdict(axis, nullptr, {.linear = "fp16", .calls = kFp16Calls, .probes = {}}),
            "engaged");
}

TEST(Fp8Engagement, OfLinearIsRefutedByEachOfThem) {
  const std::string axis = "load.linear";
  EXPECT_EQ(verdict(axis, "fp8", {.calls = kFp16Calls}), "not engaged");
  EXPECT_EQ(
      verdict(axis, "fp8", {.calls = {{"fp8_fast", 0}, {"fp8_exact", 169}, {"linear_fp16", 1}}}),
      "not engaged");
  EXPECT_EQ(verdict(axis, "fp8", {.linear = "fp16"}), "not engaged");
  EXPECT_EQ(verdict(axis, "fp8", {.probes = {}}), "not engaged");
  EXPECT_EQ(verdict(axis, "fp8", {.probes = probes(2e-4, 1.3e-4, 2e-4)}), "not engaged");
  EXPECT_EQ(verdict(axis, "fp8", {.probes = probes(3.7e-2, 1.3e-4, 0.4)}), "not engaged");
  EXPECT_EQ(verdict(axis, "fp8-tensor", {.linear = "fp8-tensor"}), "not engaged");
  EXPECT_EQ(verdict(axis, "fp16", {.linear = "fp16"}), "not engaged");
}

TEST(Fp8Engagement, OfFastSumsIsProvenByCallsAndTheErrorOfSums) {
  const std::string axis = "load.fp8_fast_accumulation";
  const json fast = probes(3.7e-2, 1.5e-3, 3.7e-2);
  EXPECT_EQ(verdict(axis, 1, {.fast = 1, .calls = kFastCalls, .probes = fast}), "engaged");
  EXPECT_EQ(verdict(axis, 0, {}), "engaged");
  EXPECT_EQ(verdict(axis, 1, {.fast = 1, .calls = kFastCalls}), "not engaged");
  EXPECT_EQ(verdict(axis, 1, {.fast = 1, .probes = fast}), "not engaged");
  EXPECT_EQ(verdict(axis, 1, {.calls = kFastCalls, .probes = fast}), "not engaged");
  EXPECT_EQ(verdict(axis, 0, {.probes = fast}), "not engaged");
  EXPECT_EQ(verdict(axis, 0, {.linear = "fp16", .calls = kFp16Calls, .probes = {}}), "inert");
}

}  // namespace
}  // namespace sameseed
