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

}  // namespace
}  // namespace sameseed
