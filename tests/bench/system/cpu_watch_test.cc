#include "bench/system/cpu_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

namespace sameseed {
namespace {

using namespace std::chrono_literals;
using Reasons = std::vector<std::string>;

// A machine and a worker of which nothing is wrong, at the start and a second later: two cores, the
// worker on one and a half of them.
const CpuReading kBefore = {.busy_ms = 1000,
                            .stolen_ms = 10,
                            .all_ms = 9000,
                            .ran_ms = 500,
                            .waited_ms = 7,
                            .throttled_ms = 3};
const CpuReading kAfter = {.busy_ms = 2550,
                           .stolen_ms = 20,
                           .all_ms = 11000,
                           .ran_ms = 2000,
                           .waited_ms = 27,
                           .throttled_ms = 3};

TEST(CpuWatch, ReadsTheMachinesTimes) {
  const CpuReading reading = machine_times("cpu  100 10 20 1000 30 1 2 40 999 999\ncpu0 1 2 3", 10);
  EXPECT_EQ(reading.busy_ms, 1330);  // guests' time is part of user and nice
  EXPECT_EQ(reading.stolen_ms, 400);
  EXPECT_EQ(reading.all_ms, 12030);
  EXPECT_EQ(machine_times("intr 1 2 3 4 5 6 7 8 9", 10).busy_ms, std::nullopt);
  EXPECT_EQ(machine_times("", 10).busy_ms, std::nullopt);
}

TEST(CpuWatch, AddsUpAWorkersThreads) {
  CpuReading reading;
  add_thread_times("", reading);
  EXPECT_EQ(reading.waited_ms, std::nullopt);
  add_thread_times("2000000 1000000 5", reading);
  add_thread_times("3000000 500000 9", reading);
  EXPECT_EQ(reading.ran_ms, 5);
  EXPECT_EQ(reading.waited_ms, 1.5);
}

TEST(CpuWatch, FindsNothingWrongOnAQuietMachine) {
  EXPECT_EQ(invalid_reasons(kBefore, kAfter, 1s), Reasons{});
  EXPECT_EQ(invalid_reasons({}, {}, 1s), Reasons{});  // nothing is known
}

TEST(CpuWatch, NamesAQuotaThatHeldTheWorkerBack) {
  CpuReading after = kAfter;
  after.throttled_ms = 640;
  EXPECT_EQ(invalid_reasons(kBefore, after, 1s),
            Reasons{"throttled: the CPU quota of the control group"});
  EXPECT_EQ(invalid_reasons(kBefore, after, 100s), Reasons{});
}

TEST(CpuWatch, NamesAHostThatGaveTheCpuToOthers) {
  CpuReading after = kAfter;
  after.stolen_ms = 60;
  EXPECT_EQ(invalid_reasons(kBefore, after, 1s),
            Reasons{"shared: the host gave the CPU to other guests"});
}

// Waiting alone is that of an engine with more threads than cores; others alone had cores to spare.
TEST(CpuWatch, NamesOthersThatTheWorkerWaitedFor) {
  CpuReading waited = kAfter, busy = kAfter;
  waited.waited_ms = 307;
  EXPECT_EQ(invalid_reasons(kBefore, waited, 1s), Reasons{});
  busy.busy_ms = 3000;
  EXPECT_EQ(invalid_reasons(kBefore, busy, 1s), Reasons{});
  busy.waited_ms = 307;
  EXPECT_EQ(invalid_reasons(kBefore, busy, 1s), Reasons{"shared: other programs held the CPU"});
  EXPECT_EQ(
      cpu_json(kBefore, busy),
      (nlohmann::json{
          {"throttled_ms", 0.0}, {"stolen_ms", 10.0}, {"waited_ms", 300.0}, {"others_ms", 500.0}}));
}

TEST(CpuWatch, ReadsThisMachine) {
  CpuReading reading = read_cpu(::getpid());
  // A process that has just begun has run for nothing yet: the kernel counts by its ticks.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (reading.ran_ms == 0 && std::chrono::steady_clock::now() < end)
    reading = read_cpu(::getpid());
  EXPECT_GT(reading.all_ms.value_or(0), 0);
  EXPECT_GT(reading.ran_ms.value_or(1), 0);  // kernels without schedstat say nothing
}

}  // namespace
}  // namespace sameseed
