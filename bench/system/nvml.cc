#include "bench/system/nvml.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <cstring>
#include <limits>

#include "io/error.h"

namespace sameseed {
namespace {

// NVML's binary interface, which is stable: the header comes with CUDA's toolkit only.
using Return = int;
using Device = void*;
constexpr Return kSuccess = 0, kInsufficientSize = 7;
constexpr int kSmClock = 1, kMemoryClock = 2;
constexpr int kGpuSensor = 0;
constexpr int kUncorrected = 1, kSinceDriverBegan = 0;
constexpr int kThermalPolicy = 1;
constexpr unsigned kTextSize = 96;
constexpr auto kNotAvailable = std::numeric_limits<unsigned long long>::max();
struct Memory {
  unsigned long long total, free, used;
};
struct Violation {
  unsigned long long reference_us, violation_ns;
};
struct ProcessInfo {
  unsigned pid;
  unsigned long long memory;
  unsigned gpu_instance, compute_instance;
};

constexpr std::array<const char*, 9> kReasons = {"idle",
                                                 "application clocks",
                                                 "software power cap",
                                                 "hardware slowdown",
                                                 "sync boost",
                                                 "software thermal slowdown",
                                                 "hardware thermal slowdown",
                                                 "hardware power brake",
                                                 "display clock"};

}  // namespace

std::vector<std::string> reason_words(std::uint64_t bits) {
  std::vector<std::string> words;
  for (std::size_t bit = 0; bit < 64; ++bit)
    if (bits >> bit & 1)
      words.push_back(bit < kReasons.size() ? kReasons[bit] : fmt::format("bit {}", bit));
  return words;
}

struct Nvml::Library {
  explicit Library(const std::string& name) : handle(::dlopen(name.c_str(), RTLD_NOW)) {
    if (!handle)
      throw UserError(fmt::format(
          "no GPU can be seen: {}; NVML comes with NVIDIA's driver, and a container gets it with "
          "NVIDIA_DRIVER_CAPABILITIES=compute,utility",
          ::dlerror()));
    const auto init = function<Return()>("nvmlInit_v2");
    if (const Return result = init ? init() : 1; result != kSuccess) {
      const auto text_of = function<const char*(Return)>("nvmlErrorString");
      const std::string why = text_of ? text_of(result) : fmt::format("error {}", result);
      ::dlclose(handle);
      throw UserError(
          fmt::format("no GPU can be seen: NVML says: {}; see whether nvidia-smi works here", why));
    }
  }
  ~Library() {
    if (const auto shutdown = function<Return()>("nvmlShutdown")) shutdown();
    ::dlclose(handle);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  template <typename Signature>
  Signature* function(const char* name) const {
    return reinterpret_cast<Signature*>(::dlsym(handle, name));
  }

  // Calls name(arguments..., &value): the value, or nothing where driver or device have none.
  template <typename Value, typename... Arguments>
  std::optional<Value> read(const char* name, Arguments... arguments) const {
    const auto call = function<Return(Arguments..., Value*)>(name);
    Value value{};
    if (!call || call(arguments..., &value) != kSuccess) return std::nullopt;
    return value;
  }

  template <typename... Arguments>
  std::optional<std::string> text(const char* name, Arguments... arguments) const {
    const auto call = function<Return(Arguments..., char*, unsigned)>(name);
    char value[kTextSize] = {};
    if (!call || call(arguments..., value, kTextSize) != kSuccess) return std::nullopt;
    return std::string(value, ::strnlen(value, kTextSize));
  }

  std::optional<int> clock(const char* name, Device device, int which) const {
    const auto mhz = read<unsigned>(name, device, which);
    return mhz ? std::optional(static_cast<int>(*mhz)) : std::nullopt;
  }

  std::optional<double> watts(const char* name, Device device) const {
    const auto milliwatts = read<unsigned>(name, device);
    return milliwatts ? std::optional(*milliwatts / 1000.0) : std::nullopt;
  }

  // Of a mode that has a current and a pending value, the current one.
  std::optional<bool> mode(const char* name, Device device) const {
    const auto call = function<Return(Device, unsigned*, unsigned*)>(name);
    unsigned current = 0, pending = 0;
    if (!call || call(device, &current, &pending) != kSuccess) return std::nullopt;
    return current != 0;
  }

  std::optional<std::vector<DeviceProcess>> processes(Device device) const {
    const auto call = function<Return(Device, unsigned*, ProcessInfo*)>(
        "nvmlDeviceGetComputeRunningProcesses_v3");
    std::vector<ProcessInfo> list(64);
    Return result = kInsufficientSize;
    unsigned count = 0;
    for (int attempt = 0; call && attempt < 3 && result == kInsufficientSize; ++attempt) {
      if (attempt > 0) list.resize(count + 64);  // there may be more by now
      count = static_cast<unsigned>(list.size());
      result = call(device, &count, list.data());
    }
    if (result != kSuccess) return std::nullopt;
    std::vector<DeviceProcess> processes;
    for (unsigned i = 0; i < count; ++i) {
      processes.push_back({.pid = static_cast<pid_t>(list[i].pid)});
      if (list[i].memory != kNotAvailable)
        processes.back().memory_bytes = static_cast<std::int64_t>(list[i].memory);
    }
    return processes;
  }

  void* handle;
};

Nvml::Nvml(const std::string& library) : library_(std::make_unique<Library>(library)) {}
Nvml::~Nvml() = default;
Nvml::Nvml(Nvml&&) noexcept = default;

std::vector<DeviceFacts> Nvml::devices() const {
  const Library& nvml = *library_;
  std::vector<DeviceFacts> all;
  const unsigned count = nvml.read<unsigned>("nvmlDeviceGetCount_v2").value_or(0);
  for (unsigned index = 0; index < count; ++index) {
    const auto device = nvml.read<Device>("nvmlDeviceGetHandleByIndex_v2", index);
    if (!device) continue;  // lost, or closed to this user
    DeviceFacts facts;
    facts.index = static_cast<int>(index);
    facts.name = nvml.text("nvmlDeviceGetName", *device).value_or("GPU");
    facts.uuid = nvml.text("nvmlDeviceGetUUID", *device).value_or("");
    facts.driver = nvml.text("nvmlSystemGetDriverVersion");
    facts.nvml = nvml.text("nvmlSystemGetNVMLVersion");
    if (const auto cuda = nvml.read<int>("nvmlSystemGetCudaDriverVersion_v2"))
      facts.cuda = fmt::format("{}.{}", *cuda / 1000, *cuda % 1000 / 10);
    facts.max_sm_mhz = nvml.clock("nvmlDeviceGetMaxClockInfo", *device, kSmClock);
    facts.max_memory_mhz = nvml.clock("nvmlDeviceGetMaxClockInfo", *device, kMemoryClock);
    facts.power_limit_w = nvml.watts("nvmlDeviceGetEnforcedPowerLimit", *device);
    facts.ecc = nvml.mode("nvmlDeviceGetEccMode", *device);
    facts.mig = nvml.mode("nvmlDeviceGetMigMode", *device);
    if (const auto mode = nvml.read<unsigned>("nvmlDeviceGetPersistenceMode", *device))
      facts.persistence = *mode != 0;
    if (const auto memory = nvml.read<Memory>("nvmlDeviceGetMemoryInfo", *device))
      facts.memory_bytes = static_cast<std::int64_t>(memory->total);
    all.push_back(std::move(facts));
  }
  return all;
}

DeviceState Nvml::state(const std::string& uuid) const {
  const Library& nvml = *library_;
  DeviceState state;
  const auto device = nvml.read<Device>("nvmlDeviceGetHandleByUUID", uuid.c_str());
  if (!device) return state;
  state.sm_mhz = nvml.clock("nvmlDeviceGetClockInfo", *device, kSmClock);
  state.memory_mhz = nvml.clock("nvmlDeviceGetClockInfo", *device, kMemoryClock);
  if (const auto celsius = nvml.read<unsigned>("nvmlDeviceGetTemperature", *device, kGpuSensor))
    state.temperature_c = static_cast<int>(*celsius);
  state.power_w = nvml.watts("nvmlDeviceGetPowerUsage", *device);
  if (const auto bits = nvml.read<unsigned long long>("nvmlDeviceGetCurrentClocksThrottleReasons",
                                                      *device))  // the older of its two names
    state.reasons = reason_words(*bits);
  if (const auto time =
          nvml.read<Violation>("nvmlDeviceGetViolationStatus", *device, kThermalPolicy))
    state.thermal_ns = static_cast<std::int64_t>(time->violation_ns);
  if (const auto errors = nvml.read<unsigned long long>("nvmlDeviceGetTotalEccErrors", *device,
                                                        kUncorrected, kSinceDriverBegan))
    state.uncorrected_errors = static_cast<std::int64_t>(*errors);
  if (const auto memory = nvml.read<Memory>("nvmlDeviceGetMemoryInfo", *device))
    state.used_memory_bytes = static_cast<std::int64_t>(memory->used);
  state.processes = nvml.processes(*device);
  return state;
}

}  // namespace sameseed
