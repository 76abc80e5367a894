#include "bench/system/cgroup.h"

#include <gtest/gtest.h>

namespace sameseed {
namespace {

using Paths = std::vector<std::filesystem::path>;

TEST(Cgroup, OfTheSecondVersionCountsWithThoseAroundIt) {
  EXPECT_EQ(cpu_groups("0::/user.slice/job.scope\n", "/c"),
            (Paths{"/c/user.slice/job.scope", "/c/user.slice", "/c"}));
  EXPECT_EQ(cpu_groups("0::/\n", "/c"), Paths{"/c"});
}

TEST(Cgroup, OfTheFirstVersionIsItsControllersFolder) {
  EXPECT_EQ(cpu_groups("5:memory:/x\n4:cpu,cpuacct:/job\n3:cpuset:/y\n", "/c"),
            (Paths{"/c/cpu,cpuacct/job", "/c/cpu,cpuacct", "/c/cpu/job", "/c/cpu"}));
  EXPECT_EQ(cpu_groups("1:cpu:/\n0::/\n", "/c"), (Paths{"/c", "/c/cpu"}));
  EXPECT_TRUE(cpu_groups("", "/c").empty());
  EXPECT_TRUE(cpu_groups("nonsense", "/c").empty());
}

TEST(Cgroup, SaysHowLongItWasThrottled) {
  EXPECT_EQ(throttled_ms("usage_usec 9\nnr_periods 231\nnr_throttled 147\nthrottled_usec 8500\n"),
            8.5);
  EXPECT_EQ(throttled_ms("nr_periods 231\nnr_throttled 147\nthrottled_time 8500000\n"), 8.5);
  EXPECT_EQ(throttled_ms("usage_usec 9\n"), std::nullopt);  // a root has no quota
  EXPECT_EQ(throttled_ms(""), std::nullopt);
}

TEST(Cgroup, SaysHowManyCoresItsQuotaIs) {
  EXPECT_EQ(quota_of("40000 100000\n"), 0.4);
  EXPECT_EQ(quota_of("400000\n 100000\n"), 4);
  EXPECT_EQ(quota_of("max 100000"), std::nullopt);
  EXPECT_EQ(quota_of("-1\n 100000"), std::nullopt);
  EXPECT_EQ(quota_of(" "), std::nullopt);
}

}  // namespace
}  // namespace sameseed
