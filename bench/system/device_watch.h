// The state of a GPU between requests, and which other processes work on it.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bench/system/nvml.h"

namespace sameseed {

// The processes that a driver lists for a device, sorted by owner.
struct Sharing {
  std::size_t ours = 0;
  std::vector<DeviceProcess> foreign;
  // Owner unknown: in a container the driver may number processes otherwise than /proc, or not at
  // all. They may be our own workers, so they count as nobody's.
  std::vector<DeviceProcess> unmatched;
};

// What sort_processes() asks the system.
struct ProcessView {
  pid_t self = 0;
  bool whole = false;  // this process sees all of the machine: it is in the first pid namespace
  std::function<std::optional<pid_t>(pid_t)> parent;  // nothing where there is no such process here
};
ProcessView system_processes();

// Pure but for `view`. Ours are this process and its descendants. `strangers` are the numbers
// listed before our first worker started: whoever still has one of them is foreign. A process of
// another number is foreign where numbers can be trusted, which is in the first namespace and
// wherever one of ours is in the list; otherwise it is unmatched.
Sharing sort_processes(const std::vector<DeviceProcess>& listed, const ProcessView& view,
                       std::multiset<pid_t> strangers);

// The name of a process (/proc/PID/comm); empty where there is no such process here.
std::string process_name(pid_t pid);

struct DeviceReading {
  DeviceState state;
  std::optional<Sharing> sharing;  // nothing where the driver lists no processes
};

class DeviceWatch {
 public:
  // To be made before the first worker on the device starts. `nvml` must outlive it.
  DeviceWatch(const Nvml& nvml, DeviceFacts facts);

  const DeviceFacts& facts() const { return facts_; }
  const DeviceReading& before_work() const { return before_work_; }  // all processes are foreign
  DeviceReading read() const;

 private:
  const Nvml& nvml_;
  DeviceFacts facts_;
  DeviceReading before_work_;
  std::multiset<pid_t> strangers_;
};

// Memory in use of which no listed process is the owner: another container's processes are not
// listed here. A driver keeps some hundred MiB for itself; below 2 GiB there is nothing to tell.
std::optional<std::int64_t> unowned_memory(const DeviceReading& before_work);

}  // namespace sameseed
