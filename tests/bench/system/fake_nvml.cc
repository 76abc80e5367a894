// A stand-in for NVIDIA's libnvidia-ml.so.1. The variable FAKE_NVML names a file of lines "KEY
// VALUE", read anew at every call; what it does not name is not supported, as on a real device.
// Its devices are all alike but for the last digit of their UUID.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace {

constexpr int kSuccess = 0, kInvalidArgument = 2, kNotSupported = 3;
using Device = void*;

std::optional<std::string> value_of(const std::string& wanted) {
  const char* file = std::getenv("FAKE_NVML");
  std::ifstream in(file ? file : "");
  for (std::string key, value; in >> key && std::getline(in >> std::ws, value);)
    if (key == wanted) return value;
  return std::nullopt;
}

template <typename Number>
int number(const char* key, Number* out) {
  const auto value = value_of(key);
  if (!value) return kNotSupported;
  *out = static_cast<Number>(std::stoull(*value));
  return kSuccess;
}

int text(const std::optional<std::string>& value, char* out, unsigned size) {
  if (!value) return kNotSupported;
  std::snprintf(out, size, "%s", value->c_str());
  return kSuccess;
}

unsigned count() { return static_cast<unsigned>(std::stoul(value_of("count").value_or("0"))); }

// Devices are numbers from 1, so that none is a null pointer.
Device device_of(unsigned index) { return reinterpret_cast<Device>(std::size_t{index} + 1); }

std::string uuid_of(Device device) {
  return value_of("uuid").value_or("GPU-fa4e-") +
         std::to_string(reinterpret_cast<std::size_t>(device) - 1);
}

struct Memory {
  unsigned long long total, free, used;
};
struct Violation {
  unsigned long long reference, violation;
};
struct Process {
  unsigned pid;
  unsigned long long memory;
  unsigned gpu_instance, compute_instance;
};

}  // namespace

extern "C" {

int nvmlInit_v2() { return std::stoi(value_of("init").value_or("0")); }
int nvmlShutdown() { return kSuccess; }
const char* nvmlErrorString(int) { return "Driver/library version mismatch"; }
int nvmlSystemGetDriverVersion(char* out, unsigned size) {
  return text(value_of("driver"), out, size);
}
int nvmlSystemGetNVMLVersion(char* out, unsigned size) { return text(value_of("nvml"), out, size); }
int nvmlSystemGetCudaDriverVersion_v2(int* out) { return number("cuda", out); }
int nvmlDeviceGetCount_v2(unsigned* out) {
  *out = count();
  return kSuccess;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device* out) {
  if (index >= count()) return kInvalidArgument;
  *out = device_of(index);
  return kSuccess;
}
int nvmlDeviceGetHandleByUUID(const char* uuid, Device* out) {
  for (unsigned i = 0; i < count(); ++i)
    if (uuid_of(device_of(i)) == uuid) return nvmlDeviceGetHandleByIndex_v2(i, out);
  return kInvalidArgument;
}
int nvmlDeviceGetName(Device, char* out, unsigned size) {
  return text(value_of("name"), out, size);
}
int nvmlDeviceGetUUID(Device device, char* out, unsigned size) {
  return text(uuid_of(device), out, size);
}
int nvmlDeviceGetClockInfo(Device, int which, unsigned* out) {
  return number(which == 1 ? "sm" : "memory", out);
}
int nvmlDeviceGetMaxClockInfo(Device, int which, unsigned* out) {
  return number(which == 1 ? "max_sm" : "max_memory", out);
}
int nvmlDeviceGetPowerUsage(Device, unsigned* out) { return number("power", out); }
int nvmlDeviceGetTotalEnergyConsumption(Device, unsigned long long* out) {
  return number("energy", out);
}
int nvmlDeviceGetEnforcedPowerLimit(Device, unsigned* out) { return number("power_limit", out); }
int nvmlDeviceGetTemperature(Device, int, unsigned* out) { return number("temperature", out); }
int nvmlDeviceGetCurrentClocksThrottleReasons(Device, unsigned long long* out) {
  return number("reasons", out);
}
int nvmlDeviceGetViolationStatus(Device, int policy, Violation* out) {
  return policy == 1 ? number("thermal_ns", &out->violation) : kNotSupported;
}
int nvmlDeviceGetEccMode(Device, unsigned* current, unsigned* pending) {
  *pending = 0;
  return number("ecc", current);
}
int nvmlDeviceGetMigMode(Device, unsigned* current, unsigned* pending) {
  *pending = 0;
  return number("mig", current);
}
int nvmlDeviceGetTotalEccErrors(Device, int kind, int, unsigned long long* out) {
  return kind == 1 ? number("errors", out) : kNotSupported;
}
int nvmlDeviceGetPersistenceMode(Device, unsigned* out) { return number("persistence", out); }
int nvmlDeviceGetMemoryInfo(Device, Memory* out) {
  out->free = 0;
  const int result = number("total", &out->total);
  return result == kSuccess ? number("used", &out->used) : result;
}
// "processes 4242:1048576 17:-": numbers and bytes, which are unknown where a dash stands.
int nvmlDeviceGetComputeRunningProcesses_v3(Device, unsigned* size, Process* out) {
  const auto listed = value_of("processes");
  if (!listed) return kNotSupported;
  std::istringstream in(*listed == "none" ? "" : *listed);
  unsigned count = 0;
  for (std::string process; in >> process; ++count) {
    if (count >= *size) return kInvalidArgument;
    const std::size_t colon = process.find(':');
    const std::string bytes = process.substr(colon + 1);
    out[count] = {static_cast<unsigned>(std::stoul(process)),
                  bytes == "-" ? ~0ULL : std::stoull(bytes), 0, 0};
  }
  *size = count;
  return kSuccess;
}

}  // extern "C"
