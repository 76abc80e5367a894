#include "bench/worker/orphans.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>

namespace sameseed {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kTimeToEnd = 2s;  // after SIGKILL
constexpr int kMostRounds = 64;  // an orphan that is ended leaves its children to us

struct Known {
  std::mutex
      mutex;  // held while something is started, so that nothing of ours looks like an orphan
  std::map<pid_t, std::vector<std::string>> workers;  // its environment
  std::set<pid_t> guards;
};

Known& known() {
  static Known all;
  return all;
}

struct Child {
  pid_t pid = -1, group = -1;
  bool ended = false;  // not waited for yet
};

// /proc/PID/stat: the name, in brackets, may hold anything.
bool read_child(pid_t pid, Child& child) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(in, text, '\0');  // which does not throw where the process has just gone
  const std::size_t bracket = text.rfind(')');
  if (bracket == std::string::npos) return false;
  std::istringstream rest(text.substr(bracket + 1));
  char state = 0;
  pid_t parent = 0;
  rest >> state >> parent >> child.group;
  child.pid = pid;
  child.ended = state == 'Z';
  return rest && parent == ::getpid();
}

// Children of this process that it did not start here. What runs in its own group is its own.
std::vector<Child> orphans(const Known& all) {
  std::vector<Child> found;
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const pid_t pid = static_cast<pid_t>(std::stol(name));
    Child child;
    if (!all.workers.contains(pid) && !all.guards.contains(pid) && read_child(pid, child) &&
        child.group != ::getpgrp())
      found.push_back(child);
  }
  return found;
}

bool was_given(pid_t pid, const std::vector<std::string>& environment) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/environ", std::ios::binary);
  std::set<std::string> values;
  for (std::string one; std::getline(in, one, '\0');) values.insert(one);
  return std::ranges::all_of(environment,
                             [&](const std::string& one) { return values.contains(one); });
}

void wait_until_ended(pid_t pid) {
  const auto end = Clock::now() + kTimeToEnd;
  while (::waitpid(pid, nullptr, WNOHANG) == 0 && Clock::now() < end) ::usleep(1'000);
}

// The rest of the group: children that the worker left are ours, others follow their parents.
void wait_for_group(pid_t group) {
  const auto end = Clock::now() + kTimeToEnd;
  while (::kill(-group, 0) == 0 && Clock::now() < end)
    if (::waitpid(-group, nullptr, WNOHANG) <= 0) ::usleep(1'000);
}

}  // namespace

void start_and_know(const std::vector<std::string>& environment,
                    const std::function<StartedPair()>& start) {
  Known& all = known();
  const std::lock_guard lock(all.mutex);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const StartedPair started = start();
  if (started.worker > 0) all.workers[started.worker] = environment;
  if (started.guard > 0) all.guards.insert(started.guard);
}

void forget_worker(pid_t worker) {
  wait_for_group(worker);
  Known& all = known();
  const std::lock_guard lock(all.mutex);
  const auto found = all.workers.find(worker);
  if (found == all.workers.end()) return;
  const std::vector<std::string> environment = std::move(found->second);
  all.workers.erase(found);
  const bool has_twin = std::ranges::any_of(
      all.workers, [&](const auto& other) { return other.second == environment; });
  for (int round = 0; round < kMostRounds; ++round) {
    bool none = true;
    for (const Child& child : orphans(all)) {
      const bool is_ours = all.workers.empty() || (!has_twin && was_given(child.pid, environment));
      if (!child.ended && !is_ours) continue;
      none = none && child.ended;
      if (!child.ended) ::kill(child.pid, SIGKILL);
      wait_until_ended(child.pid);
    }
    if (none) return;
  }
}

void forget_guard(pid_t guard) {
  Known& all = known();
  const std::lock_guard lock(all.mutex);
  all.guards.erase(guard);
}

}  // namespace sameseed
