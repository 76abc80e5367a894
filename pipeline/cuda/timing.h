// Times work on a stream by events.
#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <vector>

#include "pipeline/cuda/check.h"
#include "pipeline/cuda/stream.h"

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

// Work captured as a graph. Throws std::runtime_error where it cannot be captured, where a call of
// it says that it failed, or where nothing was launched: an empty graph is the fastest of all.
class CapturedWork {
 public:
  // `work(stream)` is true where it succeeded.
  template <typename Work>
  CapturedWork(cudaStream_t stream, Work work) {
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "a capture");
    bool good = false;
    cudaGraph_t graph = nullptr;
    try {
      good = work(stream);
    } catch (...) {  // a stream that is left in capture takes no other work
      if (cudaStreamEndCapture(stream, &graph) == cudaSuccess) cudaGraphDestroy(graph);
      (void)cudaGetLastError();
      throw;
    }
    cudaError_t made = cudaStreamEndCapture(stream, &graph);
    std::size_t nodes = 0;
    if (made == cudaSuccess) made = cudaGraphGetNodes(graph, nullptr, &nodes);
    good = good && nodes > 0;
    if (made == cudaSuccess && good) made = cudaGraphInstantiate(&runnable_, graph, 0);
    if (graph) cudaGraphDestroy(graph);
    if (made != cudaSuccess) (void)cudaGetLastError();
    check(made, "a captured graph");
    if (!good) throw std::runtime_error("CUDA: a call fails where it is captured");
  }
  ~CapturedWork() {
    if (runnable_) cudaGraphExecDestroy(runnable_);
  }
  CapturedWork(const CapturedWork&) = delete;
  CapturedWork& operator=(const CapturedWork&) = delete;

  void launch(cudaStream_t stream) const { check(cudaGraphLaunch(runnable_, stream), "a graph"); }

 private:
  cudaGraphExec_t runnable_ = nullptr;
};

// Median milliseconds of one call of `work(stream)`, of `rounds` rounds of `calls` calls each,
// after a round that is not counted. The calls of a round are one captured graph, as they will run
// later: what a library does beside its kernel counts as it will then. Runs on a stream of its own,
// behind all work on the device. Throws std::runtime_error where the work cannot be captured or
// says that it failed.
template <typename Work>
double median_ms(int rounds, int calls, Work work) {
  check(cudaDeviceSynchronize(), "waiting before timing");
  const Stream own;
  const cudaStream_t stream = own.get();
  const CapturedWork captured(stream, [&](cudaStream_t on) {
    bool good = true;
    for (int call = 0; call < calls; ++call) good = work(on) && good;
    return good;
  });
  Event begin, end;
  std::vector<double> times;
  for (int round = 0; round <= rounds; ++round) {
    begin.record(stream);
    captured.launch(stream);
    end.record(stream);
    const double ms = static_cast<double>(begin.ms_to(end)) / calls;
    if (round > 0) times.push_back(ms);
  }
  std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
  return times[static_cast<std::size_t>(rounds) / 2];
}

}  // namespace sameseed::cuda
