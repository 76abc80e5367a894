#include "reports/statistics/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace sameseed {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const ReportMetric kLpips = {.name = "lpips", .better = Direction::kLower};
const ReportMetric kPsnr = {.name = "psnr", .unit = "dB", .better = Direction::kHigher};

std::vector<Scored> scores(const std::vector<double>& values) {
  std::vector<Scored> list;
  for (const double value : values) list.push_back({value, "case" + std::to_string(list.size())});
  return list;
}

TEST(Statistics, OrderByBadnessAndNameTheWorstCase) {
  const Statistics low_is_good = summarize(scores({0.1, 0.4, 0.2}), kLpips);
  EXPECT_EQ(low_is_good.n(), 3u);
  EXPECT_EQ(low_is_good.median, 0.2);
  EXPECT_EQ(low_is_good.worst, 0.4);
  EXPECT_EQ(low_is_good.worst_case, "case1");
  const Statistics high_is_good =
      summarize(scores({0.1, 0.4, 0.2}), {.better = Direction::kHigher});
  EXPECT_EQ(high_is_good.worst, 0.1);
  EXPECT_EQ(high_is_good.worst_case, "case0");
}

TEST(Statistics, TakeTheWorstFivePercentAndAtLeastOne) {
  std::vector<double> values(39, 1.0);
  values.push_back(3.0);  // 40 values: two are the worst 5 %
  EXPECT_EQ(summarize(scores(values), kLpips).worst5, 2.0);
  EXPECT_EQ(summarize(scores({1, 2}), kLpips).worst5, 2.0);
}

TEST(Statistics, OfDecibelsAreThoseOfTheMeanSquaredError) {
  // 20 dB and 40 dB: squared errors 0.01 and 0.0001, their mean 0.00505.
  EXPECT_NEAR(summarize(scores({20, 40}), kPsnr).mean.value, -10 * std::log10(0.00505), 1e-12);
}

TEST(Statistics, DoNotLetAnIdenticalPairHideABadOne) {
  const Statistics result = summarize(scores({kInfinity, 20}), kPsnr);
  EXPECT_NEAR(result.mean.value, 20 + 10 * std::log10(2), 1e-12);
  EXPECT_EQ(result.worst, 20);
}

TEST(Statistics, OfIdenticalPairsAreInfinite) {
  const Statistics result = summarize(scores(std::vector<double>(6, kInfinity)), kPsnr);
  EXPECT_EQ(result.mean.value, kInfinity);
  EXPECT_EQ(result.mean.interval->low, kInfinity);
}

TEST(Statistics, OfARatioWithTwoBadSidesSayHowFarEachGoes) {
  const Statistics result =
      summarize(scores({0.5, 1.0, 1.2}), {.better = Direction::kNearer, .identical = 1});
  EXPECT_EQ(result.worst, 0.5);
  EXPECT_EQ(result.range->low, 0.5);
  EXPECT_EQ(result.range->high, 1.2);
}

TEST(Statistics, OfNothingAreNothing) { EXPECT_EQ(summarize({}, kLpips).n(), 0u); }

TEST(Statistics, CountTheirPrompts) {
  const Statistics result = summarize({{.value = 1, .case_id = "a", .observation = "owl"},
                                       {.value = 2, .case_id = "b", .observation = "owl"},
                                       {.value = 3, .case_id = "c", .observation = "cat"}},
                                      kLpips);
  EXPECT_EQ(result.mean.prompts, 2u);
}

TEST(Statistics, AverageTheSeedsOfAPromptFirst) {
  const std::vector<Scored> list = {{.value = 0.1, .case_id = "a", .observation = "owl"},
                                    {.value = 0.3, .case_id = "b", .observation = "owl"},
                                    {.value = 0.8, .case_id = "c", .observation = "cat"}};
  const Statistics result = summarize(list, kLpips);
  EXPECT_EQ(result.n(), 3u);
  EXPECT_DOUBLE_EQ(result.mean.value, 0.5);
  EXPECT_DOUBLE_EQ(result.median, 0.5);
  EXPECT_EQ(result.worst5, 0.8);
  EXPECT_EQ(result.worst_case, "c");
  // 100 and 10000 ppm are 5050: 22.97 dB.
  const Statistics decibels = summarize({{.value = 40, .case_id = "a", .observation = "owl"},
                                         {.value = 20, .case_id = "b", .observation = "owl"}},
                                        kPsnr);
  EXPECT_NEAR(decibels.median, -10 * std::log10(0.00505), 1e-12);
}

// Seeds add nothing: they move with their prompt.
TEST(Interval, IsOverPromptsAndNotOverTheirSeeds) {
  std::vector<Scored> once, fourfold;
  for (const double value : {3, 1, 4, 1, 5, 9, 2, 6}) {
    const std::string prompt = std::to_string(once.size());
    once.push_back({value, prompt, prompt});
    for (int seed = 0; seed < 4; ++seed) fourfold.push_back({value, prompt, prompt});
  }
  const Interval one = summarize(once, kLpips).mean.interval.value(),
                 four = summarize(fourfold, kLpips).mean.interval.value();
  EXPECT_DOUBLE_EQ(one.low, four.low);
  EXPECT_DOUBLE_EQ(one.high, four.high);
  const Statistics five = summarize({fourfold.begin(), fourfold.begin() + 20}, kLpips);
  EXPECT_FALSE(five.mean.interval);
}

TEST(Interval, TakesSixObservations) {
  const Statistics result = summarize(scores({1, 2, 3, 4, 5}), kLpips);
  EXPECT_FALSE(result.mean.interval);
  EXPECT_EQ(result.mean.no_interval, "fewer than 6 observations");
  EXPECT_TRUE(summarize(scores({1, 2, 3, 4, 5, 6}), kLpips).mean.interval);
}

// A mean of n uniform values on 0..1 has the standard error 1 / sqrt(12 n); a 95 % interval reaches
// 1.96 of them to each side. 0.1 of that: 1999 resamples leave 0.03 of it to chance.
TEST(Interval, IsAsWideAsTheStandardErrorSays) {
  std::vector<double> values;
  for (int i = 0; i < 200; ++i) values.push_back((i + 0.5) / 200);
  const Interval interval = summarize(scores(values), kLpips).mean.interval.value();
  const double half = 1.96 / std::sqrt(12.0 * 200);
  EXPECT_NEAR(interval.low, 0.5 - half, 0.1 * half);
  EXPECT_NEAR(interval.high, 0.5 + half, 0.1 * half);
}

TEST(Interval, IsTheSameEachTime) {
  const auto values = scores({3, 1, 4, 1, 5, 9, 2, 6});
  const Interval once = summarize(values, kLpips).mean.interval.value(),
                 again = summarize(values, kLpips).mean.interval.value();
  EXPECT_EQ(once.low, again.low);
  EXPECT_EQ(once.high, again.high);
}

TEST(Interval, OfDecibelsHoldsTheirMean) {
  const Statistics result = summarize(scores({30, 32, 33, 34, 35, 40}), kPsnr);
  EXPECT_LT(result.mean.interval->low, result.mean.value);
  EXPECT_GT(result.mean.interval->high, result.mean.value);
  // Mean squared errors of about 4.6e-4 +- 1.2e-4, five degrees of freedom.
  EXPECT_NEAR(result.mean.interval->low, 31, 1.5);
  EXPECT_NEAR(result.mean.interval->high, 39, 4);
}

TEST(Ratios, GiveTheirGeometricMeanAndItsInterval) {
  const double logs[] = {-0.3, -0.2, -0.25, -0.1, -0.15, -0.2};
  const Estimate six = summarize_log_ratios({std::begin(logs), std::end(logs)});
  EXPECT_EQ(six.n, 6u);
  EXPECT_DOUBLE_EQ(six.value, std::exp(-0.2));
  // Student's t of 5 degrees of freedom, which no interval is narrower than: 2.5706 x 0.070711 /
  // sqrt(6) = 0.0742.
  EXPECT_LE(six.interval->low, std::exp(-0.2742));
  EXPECT_GE(six.interval->high, std::exp(-0.1258));
  EXPECT_GT(six.interval->low, std::exp(-0.35));
  EXPECT_LT(six.interval->high, std::exp(-0.05));
}

TEST(Ratios, TurnedRoundAreTheirReciprocal) {
  const Estimate ours = summarize_log_ratios({-0.3, -0.2, -0.25, -0.1, -0.15, -0.2});
  const Estimate theirs = summarize_log_ratios({0.3, 0.2, 0.25, 0.1, 0.15, 0.2});
  EXPECT_DOUBLE_EQ(ours.value, 1 / theirs.value);
}

TEST(Ratios, OfFewBlocksHaveNoInterval) {
  EXPECT_EQ(summarize_log_ratios({0}).value, 1);
  const Estimate five = summarize_log_ratios({-0.5, -0.4, -0.3, -0.2, -0.1});
  EXPECT_FALSE(five.interval);
  EXPECT_EQ(five.no_interval, "fewer than 6 whole blocks");
  EXPECT_EQ(summarize_log_ratios({}).n, 0u);
}

TEST(Median, OfAnEvenCountIsTheMiddleOfTwo) {
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
  EXPECT_THROW(median({}), std::invalid_argument);
}

}  // namespace
}  // namespace sameseed
