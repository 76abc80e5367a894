#include "bench/system/cpu_watch.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "bench/system/cgroup.h"

namespace sameseed {
namespace {

constexpr double kThrottledShare = 0.01, kStolenShare = 0.01, kWaitedShare = 0.1;
constexpr double kLeast_ms = 20, kLeastWaited_ms = 50;

std::string first_line(const std::filesystem::path& file) {
  std::string line;
  std::ifstream in(file);
  std::getline(in, line);
  return line;
}

std::optional<double> growth(const std::optional<double>& before,
                             const std::optional<double>& after) {
  if (!before || !after) return std::nullopt;
  return *after - *before;
}

// What programs other than the worker ran.
std::optional<double> by_others(const CpuReading& before, const CpuReading& after) {
  const auto busy = growth(before.busy_ms, after.busy_ms),
             ran = growth(before.ran_ms, after.ran_ms);
  if (!busy || !ran) return std::nullopt;
  return std::max(0.0, *busy - *ran);
}

nlohmann::json or_nothing(const std::optional<double>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

}  // namespace

CpuReading machine_times(std::string_view proc_stat, double tick_ms) {
  std::istringstream in{std::string(proc_stat)};
  std::string name;
  double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, hard = 0, soft = 0, stolen = 0;
  CpuReading reading;
  if (!(in >> name >> user >> nice >> system >> idle >> waiting >> hard >> soft >> stolen) ||
      name != "cpu")
    return reading;
  const double busy = user + nice + system + hard + soft;
  reading.busy_ms = tick_ms * busy;
  reading.stolen_ms = tick_ms * stolen;
  reading.all_ms = tick_ms * (busy + stolen + idle + waiting);
  return reading;
}

void add_thread_times(std::string_view schedstat, CpuReading& reading) {
  std::istringstream in{std::string(schedstat)};
  double ran_ns = 0, waited_ns = 0;
  if (!(in >> ran_ns >> waited_ns)) return;
  reading.ran_ms = reading.ran_ms.value_or(0) + ran_ns / 1e6;
  reading.waited_ms = reading.waited_ms.value_or(0) + waited_ns / 1e6;
}

CpuReading read_cpu(pid_t worker) {
  CpuReading reading =
      machine_times(first_line("/proc/stat"), 1000.0 / static_cast<double>(::sysconf(_SC_CLK_TCK)));
  std::error_code gone;
  const auto threads = std::filesystem::path("/proc") / std::to_string(worker) / "task";
  for (std::filesystem::directory_iterator thread(threads, gone), end; !gone && thread != end;
       thread.increment(gone))
    add_thread_times(first_line(thread->path() / "schedstat"), reading);
  reading.throttled_ms = cpu_throttled_ms();
  return reading;
}

std::vector<std::string> invalid_reasons(const CpuReading& before, const CpuReading& after,
                                         std::chrono::nanoseconds time) {
  const double ms = static_cast<double>(time.count()) / 1e6;
  const auto reaches = [](const std::optional<double>& value, double share) {
    return value && *value >= std::max(kLeast_ms, share);
  };
  std::vector<std::string> reasons;
  if (reaches(growth(before.throttled_ms, after.throttled_ms), kThrottledShare * ms))
    reasons.push_back("throttled: the CPU quota of the control group");
  if (const auto all = growth(before.all_ms, after.all_ms);
      all && reaches(growth(before.stolen_ms, after.stolen_ms), kStolenShare * *all))
    reasons.push_back("shared: the host gave the CPU to other guests");
  const double waited = std::max(kLeastWaited_ms, kWaitedShare * ms);
  if (reaches(growth(before.waited_ms, after.waited_ms), waited) &&
      reaches(by_others(before, after), waited))
    reasons.push_back("shared: other programs held the CPU");
  return reasons;
}

nlohmann::json cpu_json(const CpuReading& before, const CpuReading& after) {
  return {{"throttled_ms", or_nothing(growth(before.throttled_ms, after.throttled_ms))},
          {"stolen_ms", or_nothing(growth(before.stolen_ms, after.stolen_ms))},
          {"waited_ms", or_nothing(growth(before.waited_ms, after.waited_ms))},
          {"others_ms", or_nothing(by_others(before, after))}};
}

}  // namespace sameseed
