#include "reports/statistics/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace sameseed {
namespace {

using nlohmann::json;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const Scale kLpips = {.better = "lower", .unit = ""};
const Scale kPsnr = {.better = "higher", .unit = "dB"};

std::vector<Scored> scores(const std::vector<double>& values) {
  std::vector<Scored> list;
  for (const double value : values) list.push_back({value, "case" + std::to_string(list.size())});
  return list;
}

TEST(Statistics, OrderByBadnessAndNameTheWorstCase) {
  const json low_is_good = summarize(scores({0.1, 0.4, 0.2}), kLpips);
  EXPECT_EQ(low_is_good.at("n"), 3);
  EXPECT_EQ(low_is_good.at("median"), 0.2);
  EXPECT_EQ(low_is_good.at("worst"), 0.4);
  EXPECT_EQ(low_is_good.at("worst_case"), "case1");
  const json high_is_good = summarize(scores({0.1, 0.4, 0.2}), {.better = "higher"});
  EXPECT_EQ(high_is_good.at("worst"), 0.1);
  EXPECT_EQ(high_is_good.at("worst_case"), "case0");
}

TEST(Statistics, TakeTheWorstFivePercentAndAtLeastOne) {
  std::vector<double> values(39, 1.0);
  values.push_back(3.0);  // 40 values: two are the worst 5 %
  EXPECT_EQ(summarize(scores(values), kLpips).at("worst5"), 2.0);
  EXPECT_EQ(summarize(scores({1, 2}), kLpips).at("worst5"), 2.0);
}

TEST(Statistics, OfDecibelsAreThoseOfTheMeanSquaredError) {
  // 20 dB and 40 dB: squared errors 0.01 and 0.0001, their mean 0.00505.
  EXPECT_NEAR(summarize(scores({20, 40}), kPsnr).at("mean").get<double>(),
              -10 * std::log10(0.00505), 1e-12);
}

TEST(Statistics, DoNotLetAnIdenticalPairHideABadOne) {
  const json result = summarize(scores({kInfinity, 20}), kPsnr);
  EXPECT_NEAR(result.at("mean").get<double>(), 20 + 10 * std::log10(2), 1e-12);
  EXPECT_EQ(result.at("worst"), 20);
}

TEST(Statistics, OfIdenticalPairsAreNullWithAWord) {
  const json result = summarize(scores({kInfinity, kInfinity}), kPsnr);
  EXPECT_TRUE(result.at("mean").is_null());
  EXPECT_EQ(result.at("nonfinite").at("mean"), "+inf");
  EXPECT_TRUE(result.at("interval").at("low").is_null());
  EXPECT_EQ(result.at("interval").at("nonfinite").at("low"), "+inf");
}

TEST(Statistics, OfARatioWithTwoBadSidesSayHowFarEachGoes) {
  const json result = summarize(scores({0.5, 1.0, 1.2}), {.better = "nearer", .identical = 1});
  EXPECT_EQ(result.at("worst"), 0.5);
  EXPECT_EQ(result.at("lowest"), 0.5);
  EXPECT_EQ(result.at("highest"), 1.2);
}

TEST(Statistics, OfNothingAreNothing) { EXPECT_EQ(summarize({}, kLpips), json({{"n", 0}})); }

TEST(Interval, TakesTwoValues) {
  const json result = summarize(scores({1}), kLpips);
  EXPECT_TRUE(result.at("interval").is_null());
  EXPECT_EQ(result.at("interval_absent"), "fewer than 2 values");
}

// A mean of n uniform values on 0..1 has the standard error 1 / sqrt(12 n); a 95 % interval reaches
// 1.96 of them to each side. 0.1 of that: 1000 resamples leave 0.04 of it to chance.
TEST(Interval, IsAsWideAsTheStandardErrorSays) {
  std::vector<double> values;
  for (int i = 0; i < 200; ++i) values.push_back((i + 0.5) / 200);
  const json interval = summarize(scores(values), kLpips).at("interval");
  const double half = 1.96 / std::sqrt(12.0 * 200);
  EXPECT_NEAR(interval.at("low").get<double>(), 0.5 - half, 0.1 * half);
  EXPECT_NEAR(interval.at("high").get<double>(), 0.5 + half, 0.1 * half);
}

TEST(Interval, IsTheSameEachTime) {
  const auto values = scores({3, 1, 4, 1, 5, 9, 2, 6});
  EXPECT_EQ(summarize(values, kLpips), summarize(values, kLpips));
}

TEST(Interval, OfDecibelsHoldsTheirMean) {
  const json result = summarize(scores({30, 32, 35, 40}), kPsnr);
  EXPECT_LT(result.at("interval").at("low"), result.at("mean"));
  EXPECT_GT(result.at("interval").at("high"), result.at("mean"));
  EXPECT_GE(result.at("interval").at("low"), 30);
  EXPECT_LE(result.at("interval").at("high"), 40);
}

TEST(Ratios, GiveTheirMedianAndItsInterval) {
  const json result = summarize_ratios({0.5, 0.6, 0.9});
  EXPECT_EQ(result.at("n"), 3);
  EXPECT_EQ(result.at("ratio"), 0.6);
  EXPECT_EQ(result.at("interval").at("low"), 0.5);
  EXPECT_EQ(result.at("interval").at("high"), 0.9);
}

TEST(Ratios, OfOneBlockHaveNoInterval) {
  const json result = summarize_ratios({0.5});
  EXPECT_EQ(result.at("ratio"), 0.5);
  EXPECT_EQ(result.at("interval_absent"), "fewer than 2 whole blocks");
  EXPECT_TRUE(summarize_ratios({}).at("ratio").is_null());
}

TEST(Median, OfAnEvenCountIsTheMiddleOfTwo) {
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
  EXPECT_THROW(median({}), std::invalid_argument);
}

}  // namespace
}  // namespace sameseed
