#include "bench/plan/switch_names.h"

#include <gtest/gtest.h>

#include "bench/plan/cases.h"
#include "bench/plan/matrix.h"
#include "pipeline/env_flags.h"

namespace sameseed {
namespace {

TEST(SwitchNames, TellWhichHalfAccumulationIsLeftOnWhereOthersAreNamed) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(unnamed_accumulations({kConvHalf, kMatmulHalf}), Names{kAttentionHalf});
  EXPECT_EQ(unnamed_accumulations({kAttentionHalf, "X"}), (Names{kConvHalf, kMatmulHalf}));
  EXPECT_EQ(unnamed_accumulations({kConvHalf, kMatmulHalf, kAttentionHalf}), Names{});
  EXPECT_EQ(unnamed_accumulations({"X"}), Names{});
}

// What an axis leaves out is unset, which means on: no sweep is about attention by accident, and
// with switches off no half accumulation is left.
TEST(SwitchNames, OfAttentionStandInEveryShippedMatrix) {
  const std::string attention = "candidate.env.ONEFLOW_ATTENTION_ALLOW_HALF_PRECISION_ACCUMULATION";
  for (const char* name : {"demo", "nightly", "release", "gpu", "engagement", "full", "precision",
                           "quality-first", "speed-first"}) {
    const Matrix matrix =
        read_matrix(std::string(SAMESEED_SOURCE_DIR) + "/bench/matrices/" + name + ".json");
    for (const Point& setting : points(matrix.axes)) {
      ASSERT_TRUE(setting.contains(attention)) << name;
      for (const auto& [axis, value] : switches_off(setting))
        EXPECT_TRUE(!axis.starts_with("candidate.env.ONEFLOW_") || value == "0") << name << axis;
    }
  }
}

}  // namespace
}  // namespace sameseed
