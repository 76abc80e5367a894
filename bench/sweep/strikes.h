// How often each environment failed: one that failed a few times is given up.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>

namespace sameseed {

// Safe to share by threads.
class Strikes {
 public:
  static constexpr int kMost = 3;

  void add(const std::string& environment) {
    const std::lock_guard lock(mutex_);
    ++strikes_[environment];
    ++total_;
  }

  bool is_out(const std::string& environment) const {
    const std::lock_guard lock(mutex_);
    const auto found = strikes_.find(environment);
    return found != strikes_.end() && found->second >= kMost;
  }

  // Of all environments.
  std::size_t total() const {
    const std::lock_guard lock(mutex_);
    return total_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> strikes_;
  std::size_t total_ = 0;
};

}  // namespace sameseed
