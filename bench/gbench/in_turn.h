// Ours beside the library calls that it is measured against, one after the other in each
// iteration: both meet the same machine, so their ratio holds on a busy one too.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace sameseed {

// Reports the medians `ours_ms` and `calls_ms` and their `ratio`; the benchmark's own time is ours.
template <class Ours, class Calls>
void compare_in_turn(benchmark::State& state, Ours ours, Calls calls) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times[2];
  const auto timed = [&](auto& run, std::vector<double>& into) {
    const auto start = Clock::now();
    run();
    into.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    return into.back();
  };
  ours();
  calls();
  for (auto _ : state) {
    state.SetIterationTime(timed(ours, times[0]));
    timed(calls, times[1]);
  }
  for (auto& list : times)
    std::nth_element(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(list.size() / 2),
                     list.end());
  const double own = times[0][times[0].size() / 2], other = times[1][times[1].size() / 2];
  state.counters["ours_ms"] = 1e3 * own;
  state.counters["calls_ms"] = 1e3 * other;
  state.counters["ratio"] = own / other;
}

}  // namespace sameseed
