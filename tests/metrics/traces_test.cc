#include "metrics/traces.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <span>

#include "io/error.h"

namespace sameseed {
namespace {

// Two steps of two latents and two blocks.
SafetensorsFile trace(const std::string& name, const std::vector<float>& latents,
                      const std::vector<double>& norms, const std::string& blocks = "a b") {
  const auto path = std::filesystem::path(::testing::TempDir()) / (name + ".safetensors");
  const auto steps = static_cast<std::int64_t>(latents.size() / 2);
  write_safetensors(
      path,
      {{"latents", {DType::kF32, {steps, 1, 1, 2}, std::as_bytes(std::span(latents))}},
       {"block_norms", {DType::kF64, {steps, 2}, std::as_bytes(std::span(norms))}}},
      {{"blocks", blocks}});
  return SafetensorsFile::open(path);
}

TEST(Traces, AreComparedStepByStepAndBlockByBlock) {
  const TraceDifference difference = compare_traces(trace("c", {3, 4, 3, 9}, {1, 2, 5, 0}),
                                                    trace("r", {3, 4, 3, 4}, {1, 4, 4, 0}));
  EXPECT_EQ(difference.blocks, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(difference.latents, (std::vector<double>{0, 1}));  // |(0, 5)| / |(3, 4)|
  EXPECT_EQ(difference.block_norms, (std::vector<std::vector<double>>{{0, 0.5}, {0.25, 0}}));
  EXPECT_FALSE(difference.nonfinite_from);
}

TEST(Traces, HaveNoDistanceWhereABlockDidNotRunInBothArms) {
  const TraceDifference difference = compare_traces(trace("c", {1, 1, 1, 1}, {1, NAN, 1, NAN}),
                                                    trace("r", {1, 1, 1, 1}, {NAN, 1, 1, NAN}));
  EXPECT_TRUE(std::isnan(difference.block_norms[0][0]));
  EXPECT_TRUE(std::isnan(difference.block_norms[0][1]));
  EXPECT_EQ(difference.block_norms[1][0], 0);
  EXPECT_TRUE(std::isnan(difference.block_norms[1][1]));
}

TEST(Traces, SayFromWhichStepLatentsAreNotFinite) {
  const TraceDifference difference = compare_traces(trace("c", {1, 1, 1, NAN}, {1, 1, NAN, NAN}),
                                                    trace("r", {1, 1, 1, 1}, {1, 1, 1, 1}));
  EXPECT_EQ(difference.nonfinite_from, 1u);
}

TEST(Traces, OfOtherStepsOrBlocksAreRefused) {
  const SafetensorsFile two = trace("two", {1, 1, 1, 1}, {1, 1, 1, 1});
  EXPECT_THROW(compare_traces(trace("one", {1, 1}, {1, 1}), two), UserError);
  EXPECT_THROW(compare_traces(trace("other", {1, 1, 1, 1}, {1, 1, 1, 1}, "a c"), two), UserError);
  EXPECT_THROW(compare_traces(trace("nameless", {1, 1, 1, 1}, {1, 1, 1, 1}, "a"), two), UserError);
}

}  // namespace
}  // namespace sameseed
