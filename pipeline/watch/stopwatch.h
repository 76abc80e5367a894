// Times of the stretches of one image, taken where the work is done: by the clock on a CPU, by
// events in the stream on a GPU, so that nothing waits while the image is made.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/Event.h>

#include <chrono>
#include <vector>

namespace sameseed {

class Stopwatch {
 public:
  explicit Stopwatch(c10::Device device) : device_(device) { mark(); }

  // Ends a stretch and begins the next; returns the number of the one that ended, from 0.
  std::size_t mark();

  // Milliseconds of every stretch. On a GPU it waits for the last of them.
  std::vector<double> milliseconds() const;

 private:
  c10::Device device_;
  std::vector<std::chrono::steady_clock::time_point> moments_;
  std::vector<c10::Event> events_;
};

}  // namespace sameseed
