#include "tests/simulation/turns.h"

#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>

namespace sameseed::simulation {
namespace {

thread_local int own_job = -1;
thread_local Turns* own_turns = nullptr;
std::uint64_t schedule = 0;

}  // namespace

void name_schedule(std::uint64_t seed) { schedule = seed; }

void give_up(const char* why) {
  std::printf("seed %llu: %s\n", static_cast<unsigned long long>(schedule), why);
  std::fflush(stdout);
  ::_exit(1);
}

int Turns::job() { return own_job; }
Turns* Turns::current() { return own_turns; }

void Turns::move_clock(Time time) {
  if (alarm_ && alarm_->first <= time) {
    const auto [when, what] = *std::exchange(alarm_, std::nullopt);
    now_ = std::max(now_, when);
    what();
  }
  now_ = std::max(now_, time);
}

int Turns::next() {
  for (;;) {
    std::vector<int> ready;
    std::optional<Time> first;
    bool all_done = true;
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      const Job& job = jobs_[i];
      if (job.done) continue;
      all_done = false;
      if (job.waits_for_lock ? job.tried != progress_ : job.wakes <= now_)
        ready.push_back(static_cast<int>(i));
      else if (!job.waits_for_lock)
        first = first ? std::min(*first, job.wakes) : job.wakes;
    }
    if (all_done) return -1;
    if (!ready.empty()) return ready[random_() % ready.size()];
    if (!first) give_up("DEADLOCK: every slot waits for a lock that nobody gives back");
    move_clock(*first);
  }
}

void Turns::hand_over() {
  Job& own = jobs_[static_cast<std::size_t>(own_job)];
  const int following = next();
  if (following == own_job) return;
  if (following < 0)
    all_done_.release();
  else
    jobs_[static_cast<std::size_t>(following)].turn.release();
  if (!own.done) own.turn.acquire();
}

void Turns::wait_until(Time time) {
  if (own_turns != this) return move_clock(time);
  ++progress_;
  jobs_[static_cast<std::size_t>(own_job)].wakes = time;
  hand_over();
}

void Turns::wait_for_lock(const std::function<bool()>& tries) {
  if (tries()) return;
  Job& own = jobs_[static_cast<std::size_t>(own_job)];
  const Time began = now_;
  wait_begins_();
  own.waits_for_lock = true;
  do {
    own.tried = progress_;
    hand_over();
  } while (!tries());
  own.waits_for_lock = false;
  own.wakes = now_;
  ++progress_;
  wait_ends_(began);
}

void Turns::run(const std::vector<std::function<void()>>& jobs) {
  jobs_.clear();
  for (std::size_t i = 0; i < jobs.size(); ++i) jobs_.emplace_back().wakes = now_;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < jobs.size(); ++i)
    threads.emplace_back([this, i, &jobs] {
      jobs_[i].turn.acquire();
      own_job = static_cast<int>(i);
      own_turns = this;
      jobs[i]();
      jobs_[i].done = true;
      ++progress_;
      own_turns = nullptr;
      hand_over();
    });
  jobs_[static_cast<std::size_t>(next())].turn.release();
  all_done_.acquire();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace sameseed::simulation

// The program's locks (the linker puts these in place of the system's): who has to wait for one
// gives its turn to others.
extern "C" int __real_pthread_mutex_lock(pthread_mutex_t* mutex);
extern "C" int __wrap_pthread_mutex_lock(pthread_mutex_t* mutex) {
  using sameseed::simulation::Turns;
  Turns* turns = Turns::current();
  if (!turns) return ::__real_pthread_mutex_lock(mutex);
  int result = 0;
  turns->wait_for_lock([&] { return (result = ::pthread_mutex_trylock(mutex)) != EBUSY; });
  return result;
}
