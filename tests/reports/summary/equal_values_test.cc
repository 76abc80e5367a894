#include "reports/summary/equal_values.h"

#include <gtest/gtest.h>

#include <utility>

#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

// A comparison whose candidate took this value of the switch for on or off.
Comparison comparison(const AxisValue& value, const char* means) {
  Comparison comparison;
  comparison.candidate.engine = "accelerated";
  comparison.engagement[kConvAxis] = {
      .value = value, .verdict = "engaged", .means = means, .is_default = value.is_null()};
  return comparison;
}

TEST(EqualValues, AreThoseThatMeanTheSame) {
  const std::vector<SweepAxis> axes = {{.name = kConvAxis, .values = {nullptr, "0", "1"}}};
  std::vector<Comparison> comparisons = {comparison(nullptr, "on"), comparison("0", "off"),
                                         comparison("1", "on")};
  label_equal_values(comparisons, axes);
  const auto same = [&](std::size_t i) { return comparisons[i].engagement.at(kConvAxis).same_as; };
  EXPECT_EQ(same(0), std::vector<AxisValue>{"1"});
  EXPECT_TRUE(same(1).empty());
  EXPECT_EQ(same(2), std::vector<AxisValue>(1, nullptr));
}

}  // namespace
}  // namespace sameseed
