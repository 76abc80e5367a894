#include "bench/system/device_watch.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

namespace sameseed {
namespace {

// This program is 100; its worker 101 has a child 102. A neighbour is 200, whose parent is 1.
ProcessView view(bool whole) {
  return {.self = 100, .whole = whole, .parent = [](pid_t pid) -> std::optional<pid_t> {
            static const std::map<pid_t, pid_t> parents = {
                {1, 0}, {100, 1}, {101, 100}, {102, 101}, {200, 1}};
            const auto found = parents.find(pid);
            return found == parents.end() ? std::nullopt : std::optional(found->second);
          }};
}

std::vector<DeviceProcess> listed(std::initializer_list<pid_t> pids) {
  std::vector<DeviceProcess> list;
  for (const pid_t pid : pids) list.push_back({.pid = pid});
  return list;
}

TEST(Sharing, CountsOurDescendantsAsOurs) {
  const Sharing sharing = sort_processes(listed({100, 101, 102, 200}), view(true), {});
  EXPECT_EQ(sharing.ours, 3u);
  ASSERT_EQ(sharing.foreign.size(), 1u);
  EXPECT_EQ(sharing.foreign[0].pid, 200);
  EXPECT_TRUE(sharing.unmatched.empty());
}

TEST(Sharing, IsForeignToWhoeverWasThereBeforeOurWorkers) {
  const Sharing sharing = sort_processes(listed({4242, 0, 0}), view(false), {4242, 0});
  EXPECT_EQ(sharing.foreign.size(), 2u);    // 4242 and the one that the driver does not number
  EXPECT_EQ(sharing.unmatched.size(), 1u);  // the second of these came later: it may be our worker
}

TEST(Sharing, NeverTakesOurWorkersOfAnotherNamespaceForForeign) {
  // In a container the driver lists our worker as 31337, and 200 may be anybody's number.
  const Sharing sharing = sort_processes(listed({31337, 200}), view(false), {});
  EXPECT_TRUE(sharing.foreign.empty());
  EXPECT_EQ(sharing.unmatched.size(), 2u);
}

TEST(Sharing, TrustsNumbersInAContainerWhereOneOfOursIsListed) {
  const Sharing sharing = sort_processes(listed({101, 200, 31337}), view(false), {});
  EXPECT_EQ(sharing.foreign.size(), 1u);
  EXPECT_EQ(sharing.unmatched.size(), 1u);
}

TEST(Processes, KnowTheirParents) {
  const ProcessView view = system_processes();
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  EXPECT_EQ(view.self, ::getpid());
  EXPECT_EQ(view.parent(child), ::getpid());
  EXPECT_EQ(sort_processes(listed({child}), view, {}).ours, 1u);
  EXPECT_FALSE(process_name(child).empty());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(view.parent(child));
  EXPECT_EQ(process_name(child), "");
}

TEST(UnownedMemory, IsMemoryInUseThatNoProcessIsListedFor) {
  DeviceReading reading;
  EXPECT_FALSE(unowned_memory(reading));
  reading.state.used_memory_bytes = std::int64_t{600} << 20;  // the driver's own
  EXPECT_FALSE(unowned_memory(reading));
  reading.state.used_memory_bytes = std::int64_t{12} << 30;
  EXPECT_TRUE(unowned_memory(reading));
  reading.sharing = Sharing{.foreign = listed({200})};
  EXPECT_FALSE(unowned_memory(reading));  // it is 200's
}

}  // namespace
}  // namespace sameseed
