#include "pipeline/watch/stopwatch.h"

#include <c10/core/impl/VirtualGuardImpl.h>

namespace sameseed {

std::size_t Stopwatch::mark() {
  if (device_.is_cpu()) {
    moments_.push_back(std::chrono::steady_clock::now());
    return moments_.size() - 2;
  }
  events_.emplace_back(device_.type(), c10::EventFlag::BACKEND_DEFAULT);
  events_.back().record(c10::impl::VirtualGuardImpl(device_.type()).getStream(device_));
  return events_.size() - 2;
}

std::vector<double> Stopwatch::milliseconds() const {
  std::vector<double> times;
  for (std::size_t i = 1; i < moments_.size(); ++i)
    times.push_back(
        std::chrono::duration<double, std::milli>(moments_[i] - moments_[i - 1]).count());
  if (!events_.empty()) events_.back().synchronize();
  for (std::size_t i = 1; i < events_.size(); ++i)
    times.push_back(events_[i - 1].elapsedTime(events_[i]));
  return times;
}

}  // namespace sameseed
