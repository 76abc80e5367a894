// What the records say of a GPU, and when its times are invalid.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/system/device_watch.h"

namespace sameseed {

// Pure, as all here but for the names of processes. Fields: reports/FILES.md; what a device does
// not tell is null.
nlohmann::json facts_json(const DeviceFacts& facts);
nlohmann::json reading_json(const DeviceReading& reading);
// Facts, and `before_work`: the state before the first worker on the device started.
nlohmann::json device_entry(const DeviceWatch& watch);
// Of a device what two runs must have in common to be comparable.
nlohmann::json device_cohort(const DeviceFacts& facts);

// Why a state holds clocks down as no healthy device's does: "throttled: hardware slowdown",
// "throttled: hardware power brake", "throttled: hardware thermal slowdown", "throttled: software
// thermal slowdown". A software power cap is none of these: a large GPU at full work reaches its
// power limit, and that is its normal speed. Nor are idleness and clocks that a user set.
std::vector<std::string> throttling(const DeviceState& state);

// Why the times of a request are invalid, from the readings just before and just after it:
// the device was throttled in one of them, heat held its clocks down for 1 % of `time` or more in
// between (kept by the driver as a sum), another process worked on it, or it is cut up (MIG), so
// that other instances share its power and clocks. Empty where nothing is known to be wrong.
std::vector<std::string> invalid_reasons(const DeviceFacts& facts, const DeviceReading& before,
                                         const DeviceReading& after, std::chrono::nanoseconds time);

// "process 4242 (python3)"
std::string process_label(const DeviceProcess& process);

}  // namespace sameseed
