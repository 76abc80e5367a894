#include "bench/worker/watched_program.h"

#include <gtest/gtest.h>

#include "bench/system/programs.h"

namespace sameseed {
namespace {

using namespace std::chrono_literals;

WatchedEnd watch(const std::string& script, std::chrono::milliseconds limit = 2s) {
  return run_watched_program({"/bin/sh", "-c", script}, limit);
}

TEST(WatchedProgram, WorksForAsLongAsItShowsThatItGoesOn) {
  const auto began = std::chrono::steady_clock::now();
  const WatchedEnd end =
      watch("for i in 1 2 3 4 5 6 7 8; do sleep 0.4; printf . >&3; done; exit 4");
  EXPECT_GT(std::chrono::steady_clock::now() - began, 3s);  // more than the limit of 2 s
  EXPECT_EQ(end.code, 4);
  EXPECT_FALSE(end.silent);
}

TEST(WatchedProgram, TellsHowItEnded) {
  EXPECT_EQ(watch("exit 3").code, 3);
  EXPECT_EQ(watch("kill -9 $$").code, 128 + 9);
  EXPECT_FALSE(watch("kill -9 $$").silent);
  EXPECT_EQ(run_watched_program({"/no/such/program"}, 2s).code, kCannotExecute);
}

TEST(WatchedProgram, IsEndedWhereItHangsOrIsStopped) {
  for (const char* script : {"exec sleep 60", "printf . >&3; exec sleep 60", "kill -STOP $$"}) {
    const auto began = std::chrono::steady_clock::now();
    const WatchedEnd end = watch(script, 300ms);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 20s) << script;
    EXPECT_EQ(end.code, 128 + 9) << script;
    EXPECT_EQ(end.silent, 300ms) << script;
  }
}

}  // namespace
}  // namespace sameseed
