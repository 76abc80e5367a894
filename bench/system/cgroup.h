// The share of the CPU that this process's control groups allow it, and how often they held it
// back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sameseed {

// Pure. Where the files of a process's CPU controllers may lie, from its /proc/PID/cgroup: its own
// group, then those around it (a quota of any of them holds), the second version's before the
// first's. In a container the path may be the host's, of which only the mounted root can be seen.
std::vector<std::filesystem::path> cpu_groups(std::string_view proc_cgroup,
                                              const std::filesystem::path& mount);

// Pure. How long a group was held back since it was made, from its cpu.stat: `throttled_usec` of
// the second version, `throttled_time` (in ns) of the first. Nothing where it says neither.
std::optional<double> throttled_ms(std::string_view cpu_stat);

// Pure. The cores that a quota amounts to: "40000 100000" of cpu.max (0.4), or cpu.cfs_quota_us and
// cpu.cfs_period_us with a blank between. Nothing for "max" and -1: there is none.
std::optional<double> quota_of(std::string_view text);

// Of this process: the smallest quota, and the longest time of throttling. Nothing where no group
// has any.
std::optional<double> cpu_quota();
std::optional<double> cpu_throttled_ms();

}  // namespace sameseed
