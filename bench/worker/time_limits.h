// How long a worker may take to answer before it counts as hung.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace sameseed {

// Learns from the answers so far: 20 times the slowest of the same environment; for its first one,
// 100 times the slowest of any (engines differ, and a first call may compile); never less than a
// minute. Before there is any answer: half an hour. Or one limit for all. Safe to share by threads.
class TimeLimits {
 public:
  using Duration = std::chrono::milliseconds;

  explicit TimeLimits(std::optional<Duration> fixed = {}) : fixed_(fixed) {}

  // `kind` is the operation: "load", "generate".
  Duration limit(const std::string& environment, const std::string& kind) const {
    if (fixed_) return *fixed_;
    const std::lock_guard lock(mutex_);
    const auto least = std::chrono::duration_cast<Duration>(std::chrono::minutes(1));
    if (const auto own = slowest_.find({environment, kind}); own != slowest_.end())
      return std::max(least, 20 * own->second);
    if (const auto any = slowest_.find({"", kind}); any != slowest_.end())
      return std::max(least, 100 * any->second);
    return std::chrono::minutes(30);
  }

  void learn(const std::string& environment, const std::string& kind, Duration took) {
    const std::lock_guard lock(mutex_);
    for (const std::string& whose : {environment, std::string()}) {
      Duration& slowest = slowest_[{whose, kind}];
      slowest = std::max(slowest, took);
    }
  }

 private:
  std::optional<Duration> fixed_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Duration> slowest_;
};

}  // namespace sameseed
