// Which of several ways to do the same is the fastest.
#pragma once

#include <deque>
#include <stdexcept>

#include "pipeline/cuda/timing.h"

namespace sameseed::cuda {

struct Fastest {
  int index = -1;  // -1: none runs
  double ms = 0;
  int tried = 0;
};

// `call(index, stream)` is one call of a candidate, true where it succeeded. They are timed in
// turn, round by round: the clock falls while a GPU works, and would favour the first ones. From
// idle: timed again behind 80 ms of work, which lowers the clock as a step does, others were chosen
// and steps were no faster (bench/gpu.md).
template <typename Call>
Fastest fastest(int count, int rounds, int calls, Call call) {
  struct Candidate {
    int index;
    CapturedWork work;
    std::vector<double> times;
  };
  check(cudaDeviceSynchronize(), "waiting before timing");
  const Stream own;
  std::deque<Candidate> candidates;
  for (int i = 0; i < count; ++i) try {
      candidates.push_back(
          {i, captured_calls(own.get(), calls, [&](cudaStream_t on) { return call(i, on); }), {}});
    } catch (const std::runtime_error&) {  // it does not run here, or not in a capture
    }
  for (int round = 0; round <= rounds; ++round)
    for (Candidate& one : candidates) {
      const double ms = ms_of(one.work, own.get()) / calls;
      if (round > 0) one.times.push_back(ms);
    }
  Fastest best{.tried = static_cast<int>(candidates.size())};
  for (const Candidate& one : candidates)
    if (const double ms = median_of(one.times); best.index < 0 || ms < best.ms)
      best = {one.index, ms, best.tried};
  return best;
}

}  // namespace sameseed::cuda
