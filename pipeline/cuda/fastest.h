// Which of several ways to do the same is the fastest.
#pragma once

#include <stdexcept>

#include "pipeline/cuda/timing.h"

namespace sameseed::cuda {

struct Fastest {
  int index = -1;  // -1: none runs
  double ms = 0;
  int tried = 0;
};

// `call(index, stream)` is one call of a candidate, true where it succeeded. They are timed from
// idle: timed again in turn behind 80 ms of work, which lowers the clock as a step does, others
// were chosen and steps were no faster (bench/gpu.md).
template <typename Call>
Fastest fastest(int count, int rounds, int calls, Call call) {
  Fastest best;
  for (int i = 0; i < count; ++i) try {
      const double ms = median_ms(rounds, calls, [&](cudaStream_t on) { return call(i, on); });
      ++best.tried;
      if (best.index < 0 || ms < best.ms) best = {i, ms, best.tried};
    } catch (const std::runtime_error&) {  // it does not run here, or not in a capture
    }
  return best;
}

}  // namespace sameseed::cuda
