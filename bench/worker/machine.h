// What a sweep needs of the machine under it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/system/cpu_watch.h"
#include "bench/system/host.h"
#include "bench/worker/worker.h"

namespace sameseed {

// Where workers come from, the clock they are measured by, and what works side by side. Safe to
// share by threads.
class Machine {
 public:
  using Clock = std::chrono::steady_clock;
  virtual ~Machine() = default;

  // As ProcessWorker's constructor has it.
  virtual std::unique_ptr<Worker> start(const std::vector<std::string>& command,
                                        const std::vector<std::string>& environment,
                                        const std::filesystem::path& log) = 0;
  // Whether workers load while others work.
  virtual bool loads_ahead() const = 0;
  virtual Clock::time_point now() = 0;
  virtual Host read_host() = 0;
  virtual CpuReading read_cpu(pid_t worker) = 0;
  // Bytes that are free where this folder lies.
  virtual std::uintmax_t free_space(const std::filesystem::path& folder) = 0;

  // Does all of these at once, each in a thread of its own, and returns when all are done. A worker
  // ends with the thread that started it, and others may still need it: no thread goes before all
  // are done. None may throw.
  virtual void side_by_side(const std::vector<std::function<void()>>& jobs) = 0;
};

// Processes, the steady clock and threads.
Machine& this_machine();

}  // namespace sameseed
