#include "pipeline/env_flags.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

namespace sameseed {
namespace {

TEST(EnvFlags, ParseBooleansAsOneFlowDoes) {
  for (const char* text : {"1", "true", "TRUE", "Yes", "on", "y"})
    EXPECT_TRUE(is_true(text)) << text;
  for (const char* text : {"0", "", "enable", "2", "false", "off", " 1"})
    EXPECT_FALSE(is_true(text)) << text;
}

TEST(EnvFlags, KeepUnsetApartFromBothValues) {
  ::unsetenv(kConvHalf);
  ::setenv(kMatmulHalf, "enable", 1);
  const EnvFlags flags = read_env_flags();
  EXPECT_EQ(flags.conv_half, Switch::kUnset);
  EXPECT_EQ(flags.matmul_half, Switch::kOff);
  EXPECT_TRUE(is_on(flags.conv_half));  // OneDiff's default
  const nlohmann::json read = effective(flags);
  EXPECT_EQ(read.at(kConvHalf), (nlohmann::json{{"value", nullptr},
                                                {"means", "on"},
                                                {"default", true},
                                                {"acts", true},
                                                {"networks", {"unet"}}}));
  EXPECT_EQ(read.at(kMatmulHalf).at("means"), "off");
  EXPECT_EQ(read.at(kMatmulHalf).at("value"), "enable");
}

TEST(EnvFlags, SayOnWhichNetworksTheyAct) {
  const nlohmann::json read = effective(read_env_flags());
  EXPECT_EQ(read.at(kMatmulHalf).at("networks"), (nlohmann::json{"unet", "text"}));
  EXPECT_EQ(read.at(kAttentionHalf).at("networks"), nlohmann::json{"unet"});
}

TEST(EnvFlags, ReadTheSwitchOfAttentionInItsThreeStates) {
  const auto means = [] { return effective(read_env_flags()).at(kAttentionHalf).at("means"); };
  ::unsetenv(kAttentionHalf);
  EXPECT_EQ(read_env_flags().attention_half, Switch::kUnset);
  EXPECT_EQ(means(), "on");
  ::setenv(kAttentionHalf, "0", 1);
  EXPECT_EQ(read_env_flags().attention_half, Switch::kOff);
  EXPECT_EQ(means(), "off");
  ::setenv(kAttentionHalf, "1", 1);
  EXPECT_EQ(read_env_flags().attention_half, Switch::kOn);
  EXPECT_EQ(means(), "on");
  ::unsetenv(kAttentionHalf);
}

}  // namespace
}  // namespace sameseed
