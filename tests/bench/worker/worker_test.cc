#include "bench/worker/worker.h"

#include <gtest/gtest.h>

#include "io/files.h"

namespace sameseed {
namespace {

using namespace std::chrono_literals;

// An engine of a few lines of shell that answers a request with `answer`.
std::string outcome_of(const std::string& script) {
  ProcessWorker worker({"/bin/sh", "-c", script}, {"PATH=/usr/bin:/bin"},
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

TEST(Worker, MayNotFillTheDiskWithItsLog) {
  const std::string log = ::testing::TempDir() + "worker.log";
  std::filesystem::remove(log);
  ProcessWorker worker({"/bin/sh", "-c", "read line; head -c 70000000 /dev/zero >&2; read never"},
                       {"PATH=/usr/bin:/bin"}, log);
  try {
    worker.ask({{"id", "1"}}, 30s);
    FAIL();
  } catch (const WorkerFailure& failure) {
    EXPECT_EQ(failure.kind, "rubbish") << failure.what();
  }
  EXPECT_LT(std::filesystem::file_size(log), 2u << 20);
}

}  // namespace
}  // namespace sameseed
