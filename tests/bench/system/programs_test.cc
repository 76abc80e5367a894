#include "bench/system/programs.h"

#include <gtest/gtest.h>

#include <cstdlib>

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

TEST(Programs, TellHowTheyEnded) {
  EXPECT_EQ(run_program({"/bin/sh", "-c", "exit 3"}), 3);
  EXPECT_EQ(run_program({"/bin/sh", "-c", "kill -9 $$"}), 128 + 9);
  EXPECT_EQ(run_program({"/no/such/program"}), kCannotExecute);
}

TEST(Programs, FindTheirLibrariesWhereTheCallersDoAndSeeNoSwitch) {
  ::setenv("LD_LIBRARY_PATH", "/of/the/caller", 1);
  ::setenv("ONEFLOW_X", "1", 1);
  EXPECT_EQ(run_program({"/bin/sh", "-c",
                         "[ \"$LD_LIBRARY_PATH\" = /of/the/caller ] && [ -z \"$ONEFLOW_X\" ]"}),
            0);
  ::unsetenv("LD_LIBRARY_PATH");
  ::unsetenv("ONEFLOW_X");
}

TEST(Programs, AreLookedForAsShellsDo) {
  EXPECT_EQ(find_program("/bin/sh"), "/bin/sh");
  EXPECT_EQ(find_program("sh").filename(), "sh");
  EXPECT_EQ(find_program("no-such-program-here"), "");
  EXPECT_EQ(find_program("/bin"), "");
  EXPECT_EQ(find_program("/etc/passwd"), "");
}

}  // namespace
}  // namespace sameseed
