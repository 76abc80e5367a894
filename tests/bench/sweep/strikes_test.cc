#include "bench/sweep/strikes.h"

#include <gtest/gtest.h>

namespace sameseed {
namespace {

TEST(Strikes, GiveUpAnEnvironmentAfterThree) {
  Strikes strikes;
  EXPECT_FALSE(strikes.is_out("a"));
  for (int i = 0; i < 2; ++i) strikes.add("a");
  EXPECT_FALSE(strikes.is_out("a"));
  strikes.add("a");
  strikes.add("b");
  EXPECT_TRUE(strikes.is_out("a"));
  EXPECT_FALSE(strikes.is_out("b"));
  EXPECT_EQ(strikes.total(), 4u);
}

TEST(Strikes, CountWhatIsNoEnvironmentsFaultAndGiveNothingUpForIt) {
  Strikes strikes;
  EXPECT_EQ(strikes.add_blameless(), 1);
  EXPECT_EQ(strikes.add_blameless(), 2);
  strikes.add_success();
  EXPECT_EQ(strikes.add_blameless(), 1);
  EXPECT_EQ(strikes.total(), 3u);
  EXPECT_FALSE(strikes.is_out("a"));
}

TEST(Strikes, KeepWhyAnEnvironmentWasRefused) {
  Strikes strikes;
  EXPECT_EQ(strikes.refusal("a"), std::nullopt);
  strikes.refuse("a", "no fp8 here");
  EXPECT_EQ(strikes.refusal("a"), "no fp8 here");
  EXPECT_EQ(strikes.total(), 0u);
}

}  // namespace
}  // namespace sameseed
