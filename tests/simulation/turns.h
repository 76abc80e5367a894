// Threads that work one at a time, in an order drawn from a seed, by a clock that moves only while
// all of them wait.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <random>
#include <semaphore>
#include <vector>

namespace sameseed::simulation {

using Random = std::mt19937_64;
using Time = std::chrono::steady_clock::time_point;

class Turns {
 public:
  // `random` must outlive it. `wait_begins` and `wait_ends` are called where a job has to wait for
  // a lock of the program, the latter with the time it began to.
  Turns(Random& random, std::function<void()> wait_begins,
        std::function<void(Time began)> wait_ends)
      : random_(random), wait_begins_(std::move(wait_begins)), wait_ends_(std::move(wait_ends)) {}

  Time now() const { return now_; }
  // Lets the others work meanwhile; outside of all jobs the time passes at once.
  void wait_until(Time time);
  // Calls `what` as soon as the clock stands there, once.
  void at(Time time, std::function<void()> what) { alarm_ = {time, std::move(what)}; }

  // Does all jobs in turns, each in a thread of its own, and returns when all are done.
  void run(const std::vector<std::function<void()>>& jobs);

  // The job that asks, from 0; -1: none.
  static int job();
  // Those of the thread that asks; null where it is no job's.
  static Turns* current();
  // Lets the others work until `tried` may succeed.
  void wait_for_lock(const std::function<bool()>& tries);

 private:
  struct Job {
    std::binary_semaphore turn{0};
    Time wakes;
    bool done = false, waits_for_lock = false;
    std::size_t tried = 0;  // at which progress it last tried to get its lock
  };

  void hand_over();
  int next();  // -1: all are done
  void move_clock(Time time);

  Random& random_;
  const std::function<void()> wait_begins_;
  const std::function<void(Time began)> wait_ends_;
  Time now_{std::chrono::hours(1000)};
  std::optional<std::pair<Time, std::function<void()>>> alarm_;
  std::deque<Job> jobs_;
  std::size_t progress_ = 0;  // grows whenever a job may have given a lock back
  std::binary_semaphore all_done_{0};
};

// Ends the program: what was being tried cannot go on. Says which schedule that was.
[[noreturn]] void give_up(const char* why);
// For give_up().
void name_schedule(std::uint64_t seed);

}  // namespace sameseed::simulation
