// What a worker's engine started and what left its process group since: a signal to the group does
// not reach it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sameseed {

// A worker and its guard.
struct StartedPair {
  pid_t worker = -1, guard = -1;
};

// Calls `start` and keeps in mind what it started, so that it is no orphan. From then on this
// program, instead of the system's first process, gets the children that its workers leave behind.
void start_and_know(const std::vector<std::string>& environment,
                    const std::function<StartedPair()>& start);

// For when the worker and its group have been sent SIGKILL and the worker has been waited for:
// waits for the others of the group, and ends every orphan that the worker may have left. It knows
// them by the variables that they were given; where another living worker was given the same ones,
// they stay until that one has ended too.
void forget_worker(pid_t worker);

// For when the guard has been waited for.
void forget_guard(pid_t guard);

}  // namespace sameseed
