// The state of the CPU around a request, and when it makes the request's times invalid.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sameseed {

// Sums since the machine or the process began; nothing where the system does not tell.
struct CpuReading {
  std::optional<double> busy_ms, stolen_ms, all_ms;  // of all cores; `all` with their idle time
  std::optional<double> ran_ms, waited_ms;  // the worker's threads: on a core, ready without one
  std::optional<double> throttled_ms;       // by a quota of a control group
};

// Pure. The machine's sums, from /proc/stat, whose ticks are `tick_ms` long. Only these are set.
CpuReading machine_times(std::string_view proc_stat, double tick_ms);

// Pure. Adds what one thread ran and waited, from its /proc/PID/task/TID/schedstat.
void add_thread_times(std::string_view schedstat, CpuReading& reading);

CpuReading read_cpu(pid_t worker);

// Pure. Why the times of a request that took `time` are invalid:
//   "throttled: the CPU quota of the control group"  held it back for 1 % of the time or more
//   "shared: the host gave the CPU to other guests"  1 % or more of the machine's time was stolen
//   "shared: other programs held the CPU"            the worker's threads were ready and had no
//   core
//                                                    for 10 % of the time or more, while others
//                                                    used as much of one
// Nothing of less than 20 ms counts, as the kernel counts the machine's time in ticks of 10, and no
// waiting of less than 50: that is a turn or two of the scheduler.
std::vector<std::string> invalid_reasons(const CpuReading& before, const CpuReading& after,
                                         std::chrono::nanoseconds time);

// What the record says of it: {"throttled_ms", "stolen_ms", "waited_ms", "others_ms"}, each null
// where it is not known.
nlohmann::json cpu_json(const CpuReading& before, const CpuReading& after);

}  // namespace sameseed
