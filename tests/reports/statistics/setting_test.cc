#include "reports/statistics/setting.h"

#include <gtest/gtest.h>

namespace sameseed {
namespace {

TEST(Setting, NamesAnAxisWithoutItsArm) {
  EXPECT_EQ(without_arm("candidate.env.X"), "env.X");
  EXPECT_EQ(without_arm("both.request.steps"), "request.steps");
}

TEST(Setting, PartsTheKindOfAnAxisFromItsName) {
  EXPECT_EQ(kind_and_name("env.X"), std::pair(std::string("env"), std::string("X")));
  EXPECT_EQ(kind_and_name("load.vae.dtype").second, "vae.dtype");
}

}  // namespace
}  // namespace sameseed
