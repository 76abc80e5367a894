#include "reports/statistics/change_points.h"

#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <random>
#include <tuple>

#include "reports/statistics/statistics.h"
#include "tests/reports/statistics/nights.h"

namespace sameseed {
namespace {

using Steps = std::vector<std::size_t>;

// Normal noise of `sigma` on one plateau after the other.
std::vector<double> series(std::uint64_t seed, double sigma,
                           const std::vector<std::pair<std::size_t, double>>& plateaus) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values;
  for (const auto& [count, plateau] : plateaus)
    for (std::size_t i = 0; i < count; ++i) values.push_back(plateau + sigma * normal(random));
  return values;
}

// Tries every place for every last plateau.
Steps by_exhaustion(const std::vector<double>& values) {
  std::vector<double> steps;
  for (std::size_t i = 1; i < values.size(); ++i)
    steps.push_back(std::abs(values[i] - values[i - 1]));
  const double sigma = median(steps) / (0.6745 * std::sqrt(2.0)),
               penalty = kPenalty * std::log(static_cast<double>(values.size()));
  const auto cost = [&](std::size_t first, std::size_t last) {
    double sum = 0, squares = 0;
    for (std::size_t i = first; i < last; ++i) sum += values[i];
    const double mean = sum / static_cast<double>(last - first);
    for (std::size_t i = first; i < last; ++i) squares += (values[i] - mean) * (values[i] - mean);
    return squares / (sigma * sigma);
  };
  std::vector<double> best(values.size() + 1, 1e300);
  std::vector<std::size_t> last(values.size() + 1, 0);
  best[0] = -penalty;
  for (std::size_t end = kFewestOfAPlateau; end <= values.size(); ++end)
    for (std::size_t start = 0; start + kFewestOfAPlateau <= end; ++start)
      if (const double sum = best[start] + cost(start, end) + penalty; sum < best[end]) {
        best[end] = sum;
        last[end] = start;
      }
  Steps found;
  for (std::size_t end = last[values.size()]; end > 0; end = last[end])
    found.insert(found.begin(), end);
  return found;
}

TEST(ChangePoints, AreAtFirstTheBestOfAllSegmentations) {
  std::size_t steps = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::vector<double> values =
        series(seed, 1, {{7, 0}, {5, 3}, {20, 1.5}, {4, 4}, {9, 4.5}, {15, 0}});
    const Steps found = candidate_steps(values);
    EXPECT_EQ(found, by_exhaustion(values)) << seed;
    steps += found.size();
  }
  EXPECT_GT(steps, 400u);  // they do have steps
}

TEST(ChangePoints, FindAnExactStepWhereItIs) {
  EXPECT_EQ(change_points(series(1, 0, {{10, 0.25}, {7, 0.5}})), (Steps{10}));
  EXPECT_EQ(change_points(series(1, 0, {{10, 1}, {8, 2}, {8, 1}})), (Steps{10, 18}));
}

TEST(ChangePoints, FindStepsOfThreeSigmaWithinOneRunOfTheirPlace) {
  int found = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Steps steps = change_points(series(seed, 0.01, {{40, 0.1}, {30, 0.13}, {30, 0.08}}));
    const auto near = [&](std::size_t i, double at) {
      return std::abs(static_cast<double>(steps[i]) - at) <= 1;
    };
    found += steps.size() == 2 && near(0, 40) && near(1, 70);
  }
  EXPECT_GE(found, 90);
}

TEST(ChangePoints, SeeAStepOfFiveSigmaSevenRunsAfterItAndNoneInFewer) {
  int found = 0, early = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    found += change_points(series(seed, 1, {{40, 0}, {7, 5}})) == Steps{40};
    early += !change_points(series(seed, 1, {{40, 0}, {5, 5}})).empty();
  }
  EXPECT_GE(found, 90);
  EXPECT_EQ(early, 0);
}

constexpr std::uint64_t kSeries = 2000;

// The share of series in which somebody who looks every night is ever shown a step, in percent.
double share_shown(double correlation, std::size_t flat, std::size_t after, double step) {
  int shown = 0;
  for (std::uint64_t seed = 0; seed < kSeries; ++seed) {
    std::mt19937_64 random(seed);
    shown += is_ever_shown(nights(random, correlation, flat, after, step), flat);
  }
  return 100.0 * shown / kSeries;
}

// The figures of reports/STATISTICS.md.
TEST(ChangePoints, AreShownInFewFlatSeriesOfSixtyNights) {
  const double independent = share_shown(0, 60, 0, 0), alike = share_shown(.3, 60, 0, 0);
  std::cout << "some night of 60: " << independent << " %, neighbours alike by .3: " << alike
            << " %\n";
  EXPECT_LE(independent, 5);
  EXPECT_LE(alike, 10);
}

TEST(ChangePoints, ShowAStepOfThreeSigmaThatStaysWithinTenNights) {
  const double after_20 = share_shown(0, 20, 10, 3), after_40 = share_shown(0, 40, 10, 3),
               alike = share_shown(.3, 40, 10, 3);
  std::cout << "after 20 nights: " << after_20 << " %, after 40: " << after_40
            << " %, neighbours alike by .3: " << alike << " %\n";
  EXPECT_GE(after_20, 90);
  EXPECT_GE(after_40, 90);
  EXPECT_GE(alike, 85);
}

// One look at 500 series without a step. 36 is the 98.9 % quantile of Binomial(500, 0.05).
TEST(ChangePoints, FindFewStepsInNoiseOfAnyLength) {
  for (const std::size_t length : {12u, 30u, 100u, 1000u}) {
    int wrong = 0;
    for (std::uint64_t seed = 0; seed < 500; ++seed)
      wrong += !change_points(series(seed, 1, {{length, 7}})).empty();
    EXPECT_LE(wrong, 36) << length;
  }
}

TEST(ChangePoints, TakeOneBadNightForNoStep) {
  std::vector<double> values = series(3, 0.01, {{60, 1}});
  values[30] = 100;
  EXPECT_EQ(change_points(values), Steps{});
  values = series(3, 0, {{60, 1}});
  values[30] = 100;
  EXPECT_EQ(change_points(values), Steps{});
}

// A step of a hundred sigma is told whatever the noise after it.
TEST(ChangePoints, OverlookNoStepThatNobodyCouldOverlook) {
  for (const auto& [before, after, noise_after] :
       {std::tuple{20UL, 20UL, 3.0}, {20UL, 12UL, 1.0}, {60UL, 20UL, 2.0}}) {
    int told = 0, elsewhere = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
      std::vector<double> values = series(seed, 1, {{before, 0}});
      for (const double value : series(seed + 1000, noise_after, {{after, 100}}))
        values.push_back(value);
      for (const std::size_t step : change_points(values))
        (step + 1 >= before && step <= before + 1 ? told : elsewhere) += 1;
    }
    EXPECT_EQ(told, 400) << before << " " << after;
    EXPECT_LE(elsewhere, 40) << before << " " << after;
  }
}

// Nights that went wrong neither hide a step nor undo it.
TEST(ChangePoints, AreThoseOfTheNightsThatAreNotBad) {
  const std::vector<double> good = series(21, 1, {{20, 0}, {14, 20}});
  ASSERT_EQ(change_points(good), Steps{20});
  const std::vector<std::vector<std::size_t>> bad = {{33}, {32, 33}, {0}, {0, 1}, {5, 6}, {1}, {8}};
  for (const auto& nights : bad) {
    std::vector<double> values = good;
    for (const std::size_t night : nights) values[night] = 500 + 100 * double(night % 2);
    EXPECT_EQ(change_points(values), Steps{20}) << nights.front();
    EXPECT_EQ(good_nights(values).size(), values.size() - nights.size()) << nights.front();
  }
  EXPECT_EQ(good_nights(good).size(), good.size());
}

// Two nights of every week are no accident.
TEST(ChangePoints, LeaveOutNoNightsThatComeAgainAndAgain) {
  std::vector<double> values = series(4, 1, {{70, 0}});
  for (std::size_t i = 0; i < values.size(); ++i)
    if (i % 7 >= 5) values[i] += 40;
  EXPECT_EQ(good_nights(values).size(), values.size());
}

TEST(ChangePoints, KnowNoStepInFewOrEqualValues) {
  EXPECT_EQ(change_points({}), Steps{});
  EXPECT_EQ(change_points({1, 1, 1, 9, 9, 9, 9}), Steps{});
  EXPECT_EQ(change_points(std::vector<double>(50, 3.25)), Steps{});
}

// Mostly one value, now and then another: a choice of algorithm that flips is no step.
TEST(ChangePoints, TakeFlipsBetweenTwoValuesForNoStep) {
  std::mt19937_64 random(1);
  std::vector<double> values;
  for (int i = 0; i < 200; ++i) values.push_back(random() % 5 == 0 ? 2 : 1);
  EXPECT_EQ(change_points(values), Steps{});
}

}  // namespace
}  // namespace sameseed
