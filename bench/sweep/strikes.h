// How often each environment failed: one that failed a few times is given up. What is no
// environment's fault counts as a failure and is no strike.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
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

  // A failure that is no environment's fault, as of the process that draws noise. Returns how many
  // of these there were in a row.
  int add_blameless() {
    const std::lock_guard lock(mutex_);
    ++total_;
    return ++blameless_;
  }
  void add_success() {
    const std::lock_guard lock(mutex_);
    blameless_ = 0;
  }

  // Its engine said that it cannot be loaded, and why.
  void refuse(const std::string& environment, const std::string& why) {
    const std::lock_guard lock(mutex_);
    refusals_.emplace(environment, why);
  }
  std::optional<std::string> refusal(const std::string& environment) const {
    const std::lock_guard lock(mutex_);
    const auto found = refusals_.find(environment);
    return found == refusals_.end() ? std::nullopt : std::optional(found->second);
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
  std::map<std::string, std::string> refusals_;
  std::size_t total_ = 0;
  int blameless_ = 0;  // since the last sample that went well
};

}  // namespace sameseed
