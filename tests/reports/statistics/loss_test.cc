#include "reports/statistics/loss.h"

#include <gtest/gtest.h>

#include <limits>

namespace sameseed {
namespace {

TEST(Loss, OfDecibelsIsTheMeanSquaredErrorInLevels) {
  const Scale psnr = {.better = "higher", .unit = "dB"};
  EXPECT_DOUBLE_EQ(loss_of(20, psnr), 650.25);  // a tenth of 255, squared
  EXPECT_EQ(loss_of(std::numeric_limits<double>::infinity(), psnr), 0);
  EXPECT_EQ(loss_unit(psnr), "levels^2");
}

TEST(Loss, IsTheDistanceToIdenticalImagesOnTheBadSide) {
  EXPECT_EQ(loss_of(0.75, {.better = "higher", .unit = "", .identical = 1}), 0.25);
  EXPECT_EQ(loss_of(0.25, {.better = "lower", .unit = ""}), 0.25);
  EXPECT_EQ(loss_of(0.75, {.better = "nearer", .unit = "", .identical = 1}), 0.25);
  EXPECT_EQ(loss_of(1.25, {.better = "nearer", .unit = "", .identical = 1}), 0.25);
}

}  // namespace
}  // namespace sameseed
