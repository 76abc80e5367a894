#include "pipeline/unet/deepcache.h"

#include <gtest/gtest.h>

#include "io/error.h"

namespace sameseed {
namespace {

using Steps = std::vector<int>;

// Of a sampler with one evaluation a step, at timesteps of its own.
Steps full_of(const char* setting, int steps) {
  std::vector<double> timesteps;
  for (int i = 0; i < steps; ++i) timesteps.push_back(1000 - i);
  return full_steps(parse_deepcache(setting), steps, timesteps);
}

TEST(DeepCache, UniformScheduleTakesEveryIntervalthStepAndNoForcedLast) {
  EXPECT_EQ(full_of("3/0/0", 20), (Steps{0, 3, 6, 9, 12, 15, 18}));
  EXPECT_EQ(full_of("5/0/0", 30), (Steps{0, 5, 10, 15, 20, 25}));
  EXPECT_EQ(full_of("9/0/0", 5), (Steps{0}));
  EXPECT_EQ(full_of("1/0/0", 3), (Steps{0, 1, 2}));
}

// Values computed with horseee/DeepCache's own function.
TEST(DeepCache, QuadCentreScheduleHasDeepCachesOwnValues) {
  EXPECT_EQ(full_of("5/0/0/quad:15:1.4", 50), (Steps{0, 5, 9, 13, 17, 21, 26, 31, 37, 43}));
  EXPECT_EQ(full_of("3/0/0/quad:15:1.4", 50),
            (Steps{0, 3, 6, 8, 11, 13, 15, 17, 20, 22, 25, 28, 32, 35, 38, 42, 46}));
  EXPECT_EQ(full_of("3/0/0/quad:10:1.4", 30), (Steps{0, 3, 6, 8, 10, 13, 16, 19, 22, 26}));
  EXPECT_EQ(full_of("3/0/0/quad:10:1.4", 20), (Steps{0, 4, 7, 9, 11, 13, 16}));
  EXPECT_EQ(full_of("5/0/0/quad:10:1.4", 30), (Steps{0, 5, 9, 13, 18, 23}));
}

TEST(DeepCache, HelperBranchesAreThePairsOneStepDeeper) {
  const auto place = [](const char* text) {
    const DeepCache setting = parse_deepcache(text);
    return std::pair{setting.layer, setting.block};
  };
  EXPECT_EQ(place("3/branch:1"), std::pair(0, 0));
  EXPECT_EQ(place("3/branch:5"), std::pair(1, 1));
  EXPECT_EQ(place("3/branch:8"), std::pair(2, 1));
  EXPECT_EQ(parse_deepcache("3/branch:0").branch, 0);
  EXPECT_FALSE(parse_deepcache("3/0/0").branch);
}

// Five steps of Heun's method are nine evaluations.
const std::vector<double> kHeun = {801, 601, 601, 401, 401, 201, 201, 1, 1};

TEST(DeepCache, HelperCountsEqualTimestepsAsTheFirstOfThem) {
  // Their places are 0 1 1 3 3 5 5 7 7.
  EXPECT_EQ(full_steps(parse_deepcache("2/branch:1"), 5, kHeun), (Steps{0}));
  EXPECT_EQ(full_steps(parse_deepcache("3/branch:1"), 5, kHeun), (Steps{0, 3, 4}));
  EXPECT_EQ(full_steps(parse_deepcache("5/branch:0"), 5, kHeun), (Steps{0, 5, 6}));
  // DPM-Solver's last Karras timesteps: 3, the place of the second 1, is no full step.
  EXPECT_EQ(full_steps(parse_deepcache("3/branch:1"), 5, {5, 3, 1, 1, 0}), (Steps{0}));
  EXPECT_EQ(full_steps(parse_deepcache("3/0/0"), 5, {5, 3, 1, 1, 0}), (Steps{0, 3}));
  EXPECT_EQ(full_of("3/branch:1", 8), full_of("3/0/0", 8));
}

TEST(DeepCache, OnediffxMakesNoFullStepBehindAsManyEvaluationsAsThereAreSteps) {
  EXPECT_EQ(full_steps(parse_deepcache("2/0/0"), 5, kHeun), (Steps{0, 2, 4}));
  EXPECT_EQ(full_steps(parse_deepcache("3/0/0"), 5, kHeun), (Steps{0, 3}));
  EXPECT_EQ(full_steps(parse_deepcache("1/0/0"), 5, kHeun).size(), 9u);
}

TEST(DeepCache, SpellingSurvivesARoundTrip) {
  for (const char* text : {"3/0/0", "5/2/1", "2/branch:0", "3/branch:1", "5/0/2/quad:15:1.4"})
    EXPECT_EQ(to_string(parse_deepcache(text)), text);
}

TEST(DeepCache, RefusesIllegalSettingsAndListsTheLegalOnes) {
  for (const char* text : {"3/2/2", "3/3/0", "3/0/3", "3/-1/0", "0/0/0", "-2/0/0", "3", "", "3/0",
                           "a/0/0", "3/branch:9", "3/0/0/quad:1", "3/0/0/quad:1:0.5", "3.5/0/0",
                           "99999999999/0/0", "3/branch:455555555555555555555333", "nan/0/0"}) {
    try {
      parse_deepcache(text);
      ADD_FAILURE() << text << " was taken";
    } catch (const UserError& error) {
      EXPECT_NE(std::string(error.what()).find("0/0 0/1 0/2 1/0 1/1 1/2 2/0 2/1"),
                std::string::npos)
          << error.what();
    }
  }
}

TEST(DeepCache, RefusesForeignTextOnOneLine) {
  try {
    parse_deepcache("3/la\nt/0");
    FAIL() << "it was taken";
  } catch (const UserError& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace sameseed
