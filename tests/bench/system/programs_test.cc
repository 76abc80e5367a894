#include "bench/system/programs.h"

#include <gtest/gtest.h>

namespace sameseed {
namespace {

TEST(Programs, AreCapturedWithAllTheyWriteAndEndedInTime) {
  using namespace std::chrono_literals;
  const CapturedOutput captured =
      capture_output({"/bin/sh", "-c", "echo out; echo err >&2; exit 3"}, {}, 10s);
  EXPECT_EQ(captured.code, 3);
  EXPECT_EQ(captured.output, "out\nerr\n");
  EXPECT_EQ(capture_output({"/bin/cat"}, {}, 10s).code, 0);  // there is nothing to read
  EXPECT_EQ(capture_output({"/no/such/program"}, {}, 10s).code, 127);
  EXPECT_EQ(capture_output({"/bin/sleep", "60"}, {}, 50ms).code, 128 + 9);
}

}  // namespace
}  // namespace sameseed
