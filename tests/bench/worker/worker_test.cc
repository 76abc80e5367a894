#include "bench/worker/worker.h"

#include <gtest/gtest.h>

#include "io/files.h"

namespace sameseed {
namespace {

using namespace std::chrono_literals;

// An engine of a few lines of shell that answers a request with `answer`.
std::string outcome_of(const std::string& script) {
  Worker worker({"/bin/sh", "-c", script}, {"PATH=/usr/bin:/bin"},
                ::testing::TempDir() + "worker.log");
  try {
    worker.ask({{"id", "1"}}, 300ms);
  } catch (const WorkerFailure& failure) {
    return failure.kind;
  }
  return "ok";
}

TEST(Worker, TellsFailuresApart) {
  EXPECT_EQ(outcome_of("read line; echo '{\"ok\":true,\"id\":\"1\"}'"), "ok");
  EXPECT_EQ(outcome_of("read line; echo '{\"ok\":true,\"id\":\"2\"}'"), "rubbish");
  EXPECT_EQ(outcome_of("read line; echo hello"), "rubbish");
  EXPECT_EQ(outcome_of("read line; exit 3"), "crashed");
  EXPECT_EQ(outcome_of("kill -9 $$"), "crashed");
  EXPECT_EQ(outcome_of("read line; read never"), "hung");
  EXPECT_EQ(
      outcome_of("read line; echo '{\"ok\":false,\"kind\":\"unsupported\",\"error\":\"no\"}'"),
      "unsupported");
}

}  // namespace
}  // namespace sameseed
