// What stands in the way of valid timings, as sentences that say what to do.
#pragma once

#include <string>
#include <vector>

#include "bench/system/device_watch.h"
#include "bench/system/host.h"

namespace sameseed {

// Times taken now would be invalid: a GPU that is throttled, that others work on or seem to
// (memory that no listed process owns), or that is cut up (MIG).
std::vector<std::string> obstacles(const DeviceFacts& facts, const DeviceReading& before_work);
// A CPU of which others use half or more, or of which a quota allows a part.
std::vector<std::string> obstacles(const Host& host);

// Times would be valid, but something could be better: no persistence mode, no readings, memory
// errors, few cores.
std::vector<std::string> advice(const DeviceFacts& facts, const DeviceReading& before_work);
std::vector<std::string> advice(const Host& host);

}  // namespace sameseed
