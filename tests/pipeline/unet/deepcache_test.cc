#include "pipeline/unet/deepcache.h"

#include <gtest/gtest.h>

#include "io/error.h"

namespace sameseed {
namespace {

using Steps = std::vector<int>;

TEST(DeepCache, UniformScheduleTakesEveryIntervalthStepAndNoForcedLast) {
  EXPECT_EQ(full_steps(parse_deepcache("3/0/0"), 20), (Steps{0, 3, 6, 9, 12, 15, 18}));
  EXPECT_EQ(full_steps(parse_deepcache("5/0/0"), 30), (Steps{0, 5, 10, 15, 20, 25}));
  EXPECT_EQ(full_steps(parse_deepcache("9/0/0"), 5), (Steps{0}));
  EXPECT_EQ(full_steps(parse_deepcache("1/0/0"), 3), (Steps{0, 1, 2}));
}

// Values computed with horseee/DeepCache's own function.
TEST(DeepCache, QuadCentreScheduleHasDeepCachesOwnValues) {
  EXPECT_EQ(full_steps(parse_deepcache("5/0/0/quad:15:1.4"), 50),
            (Steps{0, 5, 9, 13, 17, 21, 26, 31, 37, 43}));
  EXPECT_EQ(full_steps(parse_deepcache("3/0/0/quad:15:1.4"), 50),
            (Steps{0, 3, 6, 8, 11, 13, 15, 17, 20, 22, 25, 28, 32, 35, 38, 42, 46}));
  EXPECT_EQ(full_steps(parse_deepcache("3/0/0/quad:10:1.4"), 30),
            (Steps{0, 3, 6, 8, 10, 13, 16, 19, 22, 26}));
  EXPECT_EQ(full_steps(parse_deepcache("3/0/0/quad:10:1.4"), 20), (Steps{0, 4, 7, 9, 11, 13, 16}));
  EXPECT_EQ(full_steps(parse_deepcache("5/0/0/quad:10:1.4"), 30), (Steps{0, 5, 9, 13, 18, 23}));
}

TEST(DeepCache, HelperBranchesAreThePairsOneStepDeeper) {
  EXPECT_EQ(to_string(parse_deepcache("3/branch:1")), "3/0/0");
  EXPECT_EQ(to_string(parse_deepcache("3/branch:5")), "3/1/1");
  EXPECT_EQ(to_string(parse_deepcache("3/branch:8")), "3/2/1");
  EXPECT_TRUE(parse_deepcache("3/branch:0").helper_branch_0);
}

TEST(DeepCache, SpellingSurvivesARoundTrip) {
  for (const char* text : {"3/0/0", "5/2/1", "2/branch:0", "5/0/2/quad:15:1.4"})
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
