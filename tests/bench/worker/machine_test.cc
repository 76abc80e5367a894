#include "bench/worker/machine.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "bench/worker/worker_command.h"

namespace sameseed {
namespace {

using namespace std::chrono_literals;

// Waits until `holds`, at most `limit`.
template <typename Condition>
void wait_until(Condition holds, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!holds() && std::chrono::steady_clock::now() < end) ::usleep(1'000);
}

// The process that draws noise is started by the slot that first needs some, and that slot may be
// done long before the others: a worker is killed (PR_SET_PDEATHSIG) as its thread goes.
TEST(Machine, KeepsAWorkerWhoseSlotIsDoneFirst) {
  const nlohmann::json load = {{"op", "load"}, {"model", ""}};
  std::unique_ptr<Worker> worker;
  std::atomic<pid_t> starter = 0;
  std::string outcome;
  const auto start = [&] {
    worker =
        this_machine().start({std::string(SAMESEED_BINARY_DIR) + "/bin/sameseed-worker", "null"},
                             environment_for({}, {}), ::testing::TempDir() + "machine.log");
    EXPECT_TRUE(worker->ask(load, 60s).at("ok"));
    starter = ::gettid();
  };
  const auto use = [&] {
    wait_until([&] { return starter != 0; }, 60s);
    const std::string thread = "/proc/self/task/" + std::to_string(starter);
    wait_until([&] { return !std::filesystem::exists(thread); }, 300ms);  // unless it is kept
    try {
      worker->ask(load, 60s);
      outcome = "ok";
    } catch (const WorkerFailure& failure) {
      outcome = failure.what();
    }
  };
  this_machine().side_by_side({start, use});
  EXPECT_EQ(outcome, "ok");
}

}  // namespace
}  // namespace sameseed
