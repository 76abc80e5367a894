// Times work on a stream by events.
#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <vector>

#include "pipeline/cuda/check.h"

namespace sameseed::cuda {

class Event {
 public:
  Event() { check(cudaEventCreate(&event_), "an event"); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void record(cudaStream_t stream) { check(cudaEventRecord(event_, stream), "an event"); }
  // Milliseconds to a later event, which is waited for.
  float ms_to(const Event& later) const {
    check(cudaEventSynchronize(later.event_), "waiting for an event");
    float ms = 0;
    check(cudaEventElapsedTime(&ms, event_, later.event_), "an elapsed time");
    return ms;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

// Median milliseconds of one call of `work`, of `rounds` rounds of `calls` calls each, after a
// round that is not counted.
template <typename Work>
double median_ms(cudaStream_t stream, int rounds, int calls, Work work) {
  Event begin, end;
  std::vector<double> times;
  for (int round = 0; round <= rounds; ++round) {
    begin.record(stream);
    for (int call = 0; call < calls; ++call) work();
    end.record(stream);
    const double ms = static_cast<double>(begin.ms_to(end)) / calls;
    if (round > 0) times.push_back(ms);
  }
  std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
  return times[static_cast<std::size_t>(rounds) / 2];
}

}  // namespace sameseed::cuda
