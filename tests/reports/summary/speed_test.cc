#include "reports/summary/speed.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sameseed {
namespace {

// The samples of one block, an arm each.
std::vector<SampleRecord> block_of(int block, const std::vector<std::string>& arms,
                                   double candidate, double reference) {
  std::vector<SampleRecord> records;
  for (const std::string& arm : arms) {
    SampleRecord record{.sample = arm + std::to_string(records.size()),
                        .case_id = arm,
                        .kind = "timing",
                        .outcome = "ok",
                        .arm = arm,
                        .start = "1"};
    record.block = block;
    record.position = static_cast<int>(records.size());
    record.ms.set("total_ms", arm == "candidate" ? candidate : reference);
    records.push_back(std::move(record));
  }
  return records;
}

Speed speed_of_blocks(const std::vector<std::vector<SampleRecord>>& blocks) {
  std::vector<const SampleRecord*> all;
  for (const auto& block : blocks)
    for (const SampleRecord& record : block) all.push_back(&record);
  return speed_of(all);
}

const std::vector<std::string> kWhole = {"reference", "candidate", "candidate", "reference"};

TEST(Speed, TakesBlocksOfTwoAndTwo) {
  const Speed speed = speed_of_blocks({block_of(0, kWhole, 80, 100)});
  EXPECT_EQ(speed.broken_blocks, 0);
  ASSERT_TRUE(speed.timing("total_ms"));
  EXPECT_EQ(speed.timing("total_ms")->blocks, 1u);
  EXPECT_DOUBLE_EQ(speed.timing("total_ms")->candidate.mean.value, 80);
}

TEST(Speed, CountsABlockOfOneArmAsBroken) {
  for (const char* arm : {"candidate", "reference"}) {
    const Speed speed = speed_of_blocks({block_of(0, std::vector<std::string>(4, arm), 80, 100)});
    EXPECT_EQ(speed.broken_blocks, 1) << arm;
    EXPECT_FALSE(speed.timing("total_ms")) << arm;
  }
  EXPECT_EQ(
      speed_of_blocks({block_of(0, {"reference", "candidate", "candidate"}, 1, 1)}).broken_blocks,
      1);
}

TEST(Speed, HasNoRatioOfABlockOfOneArm) {
  const auto ratios = [](const std::vector<std::string>& arms) {
    std::vector<TimedSample> samples;
    for (const std::string& arm : arms)
      samples.push_back({.arm = arm, .block = 0, .ms = {{"total_ms", 80.0}}});
    return log_ratios(samples, "total_ms").size();
  };
  EXPECT_EQ(ratios(kWhole), 1u);
  for (const char* arm : {"candidate", "reference"})
    EXPECT_EQ(ratios(std::vector<std::string>(4, arm)), 0u) << arm;
}

// Two samples of a block share its clock: six blocks are six observations of a time, not twelve.
TEST(Speed, TakesBlocksForObservationsOfTimes) {
  std::vector<std::vector<SampleRecord>> five, six;
  for (int block = 0; block < 6; ++block) {
    six.push_back(block_of(block, kWhole, 80 + block, 100));
    if (block < 5) five.push_back(six.back());
  }
  EXPECT_FALSE(speed_of_blocks(five).timing("total_ms")->candidate.mean.interval);
  EXPECT_FALSE(speed_of_blocks(five).timing("total_ms")->ratio);  // nor is there a ratio
  const TimingStatistics timing = *speed_of_blocks(six).timing("total_ms");
  EXPECT_TRUE(timing.candidate.mean.interval);
  EXPECT_EQ(timing.candidate.n(), 12u);
  ASSERT_TRUE(timing.ratio);
  EXPECT_NEAR(timing.ratio->value, std::pow(.80 * .81 * .82 * .83 * .84 * .85, 1.0 / 6), 1e-12);
  EXPECT_NEAR(timing.ratio->interval->low, 0.803, 0.002);  // Student's t of their logarithms
  EXPECT_NEAR(timing.ratio->interval->high, 0.849, 0.007);
}

}  // namespace
}  // namespace sameseed
