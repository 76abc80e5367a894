#include "bench/system/device_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace sameseed {
namespace {

using nlohmann::json;

constexpr const char* kThrottling[] = {"hardware slowdown", "hardware thermal slowdown",
                                       "hardware power brake", "software thermal slowdown"};
constexpr double kThermalShare = 0.01;  // of a request's time

template <typename Value>
json or_null(const std::optional<Value>& value) {
  return value ? json(*value) : json();
}

json mib(const std::optional<std::int64_t>& bytes) { return bytes ? json(*bytes >> 20) : json(); }

json processes_json(const std::vector<DeviceProcess>& processes) {
  json list = json::array();
  for (const DeviceProcess& process : processes)
    list.push_back({{"pid", process.pid},
                    {"name", process_name(process.pid)},
                    {"memory_mib", mib(process.memory_bytes)}});
  return list;
}

void add(std::vector<std::string>& reasons, const std::string& reason) {
  if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) reasons.push_back(reason);
}

}  // namespace

json facts_json(const DeviceFacts& facts) {
  return {{"index", facts.index},
          {"name", facts.name},
          {"uuid", facts.uuid},
          {"driver", or_null(facts.driver)},
          {"cuda", or_null(facts.cuda)},
          {"nvml", or_null(facts.nvml)},
          {"max_sm_mhz", or_null(facts.max_sm_mhz)},
          {"max_memory_mhz", or_null(facts.max_memory_mhz)},
          {"power_limit_w", or_null(facts.power_limit_w)},
          {"ecc", or_null(facts.ecc)},
          {"mig", or_null(facts.mig)},
          {"persistence", or_null(facts.persistence)},
          {"memory_mib", mib(facts.memory_bytes)}};
}

json reading_json(const DeviceReading& reading) {
  const DeviceState& state = reading.state;
  json processes;
  if (reading.sharing)
    processes = {{"ours", reading.sharing->ours},
                 {"foreign", processes_json(reading.sharing->foreign)},
                 {"unmatched", processes_json(reading.sharing->unmatched)}};
  return {{"sm_mhz", or_null(state.sm_mhz)},
          {"memory_mhz", or_null(state.memory_mhz)},
          {"power_w", or_null(state.power_w)},
          {"temperature_c", or_null(state.temperature_c)},
          {"reasons", or_null(state.reasons)},
          {"thermal_ms",
           state.thermal_ns ? json(static_cast<double>(*state.thermal_ns) / 1e6) : json()},
          {"uncorrected_errors", or_null(state.uncorrected_errors)},
          {"used_memory_mib", mib(state.used_memory_bytes)},
          {"processes", std::move(processes)}};
}

json device_entry(const DeviceWatch& watch) {
  json entry = facts_json(watch.facts());
  entry["before_work"] = reading_json(watch.before_work());
  return entry;
}

json device_cohort(const DeviceFacts& facts) {
  return {{"name", facts.name},
          {"driver", or_null(facts.driver)},
          {"cuda", or_null(facts.cuda)},
          {"nvml", or_null(facts.nvml)},
          {"power_limit_w", or_null(facts.power_limit_w)},
          {"ecc", or_null(facts.ecc)},
          {"mig", or_null(facts.mig)}};
}

std::vector<std::string> throttling(const DeviceState& state) {
  std::vector<std::string> list;
  if (!state.reasons) return list;
  for (const char* reason : kThrottling)
    if (std::find(state.reasons->begin(), state.reasons->end(), reason) != state.reasons->end())
      list.push_back(fmt::format("throttled: {}", reason));
  return list;
}

std::vector<std::string> invalid_reasons(const DeviceFacts& facts, const DeviceReading& before,
                                         const DeviceReading& after,
                                         std::chrono::nanoseconds time) {
  std::vector<std::string> reasons;
  for (const DeviceReading* reading : {&before, &after})
    for (const std::string& reason : throttling(reading->state)) add(reasons, reason);
  if (before.state.thermal_ns && after.state.thermal_ns) {
    const auto hot = static_cast<double>(*after.state.thermal_ns - *before.state.thermal_ns);
    if (hot > 0 && hot >= kThermalShare * static_cast<double>(time.count()))
      add(reasons, "throttled: heat, during the request");
  }
  for (const DeviceReading* reading : {&before, &after})
    if (reading->sharing)
      for (const DeviceProcess& process : reading->sharing->foreign)
        add(reasons, "shared with " + process_label(process));
  if (facts.mig.value_or(false)) add(reasons, "shared: the GPU is cut up (MIG)");
  return reasons;
}

std::string process_label(const DeviceProcess& process) {
  if (process.pid == 0) return "a process of another namespace";
  const std::string name = process_name(process.pid);
  return fmt::format("process {} ({})", process.pid, name.empty() ? "of another namespace" : name);
}

}  // namespace sameseed
