#include "reports/statistics/report_metric.h"

#include <gtest/gtest.h>

#include <limits>

namespace sameseed {
namespace {

TEST(Loss, OfDecibelsIsTheMeanSquaredErrorInLevels) {
  const ReportMetric psnr = {.name = "psnr", .unit = "dB", .better = Direction::kHigher};
  EXPECT_DOUBLE_EQ(psnr.loss(20), 650.25);  // a tenth of 255, squared
  EXPECT_EQ(psnr.loss(std::numeric_limits<double>::infinity()), 0);
  EXPECT_EQ(psnr.loss_unit(), "levels^2");
}

TEST(Loss, IsTheDistanceToIdenticalImagesOnTheBadSide) {
  EXPECT_EQ((ReportMetric{.better = Direction::kHigher, .identical = 1}.loss(0.75)), 0.25);
  EXPECT_EQ((ReportMetric{.better = Direction::kLower}.loss(0.25)), 0.25);
  EXPECT_EQ((ReportMetric{.better = Direction::kNearer, .identical = 1}.loss(0.75)), 0.25);
  EXPECT_EQ((ReportMetric{.better = Direction::kNearer, .identical = 1}.loss(1.25)), 0.25);
}

TEST(Loss, IsTakenBackToAScore) {
  const ReportMetric psnr = {.name = "psnr", .unit = "dB", .better = Direction::kHigher};
  EXPECT_DOUBLE_EQ(psnr.of_loss(psnr.loss(20)), 20);
  EXPECT_EQ((ReportMetric{.better = Direction::kHigher, .identical = 1}.of_loss(0.25)), 0.75);
  EXPECT_EQ((ReportMetric{.better = Direction::kLower}.of_loss(0.25)), 0.25);
}

TEST(Direction, IsAWordInFiles) {
  for (const Direction better : {Direction::kHigher, Direction::kLower, Direction::kNearer})
    EXPECT_EQ(direction_of(name_of(better)), better);
  EXPECT_THROW(direction_of("larger"), std::invalid_argument);
}

}  // namespace
}  // namespace sameseed
