// Times work on a stream by events.
#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <stdexcept>
#include <utility>
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
  CapturedWork(CapturedWork&& other) noexcept
      : runnable_(std::exchange(other.runnable_, nullptr)) {}
  CapturedWork& operator=(CapturedWork&&) = delete;

  void launch(cudaStream_t stream) const { check(cudaGraphLaunch(runnable_, stream), "a graph"); }

 private:
  cudaGraphExec_t runnable_ = nullptr;
};

// The calls of a round as one captured graph, as they will run later: what a library does beside
// its kernel counts as it will then. Throws as CapturedWork does.
template <typename Work>
CapturedWork captured_calls(cudaStream_t stream, int calls, Work work) {
  return CapturedWork(stream, [&](cudaStream_t on) {
    bool good = true;
    for (int call = 0; call < calls; ++call) good = work(on) && good;
    return good;
  });
}

inline double ms_of(const CapturedWork& work, cudaStream_t stream) {
  Event begin, end;
  begin.record(stream);
  work.launch(stream);
  end.record(stream);
  return static_cast<double>(begin.ms_to(end));
}

inline double median_of(std::vector<double> times) {
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

// Median milliseconds of one call of `work(stream)`, of `rounds` rounds of `calls` calls each,
// after a round that is not counted. Runs on a stream of its own, behind all work on the device.
// Throws std::runtime_error where the work cannot be captured or says that it failed.
template <typename Work>
double median_ms(int rounds, int calls, Work work) {
  check(cudaDeviceSynchronize(), "waiting before timing");
  const Stream own;
  const CapturedWork captured = captured_calls(own.get(), calls, work);
  std::vector<double> times;
  for (int round = 0; round <= rounds; ++round) {
    const double ms = ms_of(captured, own.get()) / calls;
    if (round > 0) times.push_back(ms);
  }
  return median_of(std::move(times));
}

}  // namespace sameseed::cuda
