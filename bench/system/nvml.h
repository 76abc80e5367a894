// What NVIDIA's driver says of its GPUs, through NVML. This program links neither NVML nor CUDA:
// the library is loaded at run time, where there is one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sameseed {

// What does not change while programs run. What a device does not tell is absent, never guessed.
struct DeviceFacts {
  int index = 0;  // in the order of the PCI bus, as nvidia-smi has it
  std::string name, uuid;
  std::optional<std::string> driver, cuda;  // "580.159.04", "13.0": the newest CUDA of the driver
  std::optional<std::string> nvml;          // "13.580.159.04": this library's own version
  std::optional<int> max_sm_mhz, max_memory_mhz;
  std::optional<double> power_limit_w;  // the one in force
  std::optional<bool> ecc, mig, persistence;
  std::optional<std::int64_t> memory_bytes;
};

// A process that computes on a device, under the number that the driver gives it.
struct DeviceProcess {
  pid_t pid = 0;  // 0: of another pid namespace, or unknown
  std::optional<std::int64_t> memory_bytes;
};

struct DeviceState {
  std::optional<int> sm_mhz, memory_mhz, temperature_c;
  std::optional<double> power_w;
  std::optional<std::vector<std::string>> reasons;  // why clocks are not higher: reason_words()
  std::optional<std::int64_t> thermal_ns;  // for which heat held clocks down since the driver began
  std::optional<std::int64_t> uncorrected_errors;  // of ECC, since the driver began
  std::optional<std::int64_t> used_memory_bytes;
  std::optional<std::vector<DeviceProcess>> processes;
};

// The words for NVML's clocks event reasons (nvmlClocksEventReason*), lowest bit first; bits beyond
// them read "bit 9" and so on.
std::vector<std::string> reason_words(std::uint64_t bits);

class Nvml {
 public:
  // `library` is a name for dlopen. Throws UserError that says why there is none and what to do.
  explicit Nvml(const std::string& library = "libnvidia-ml.so.1");
  ~Nvml();
  Nvml(Nvml&&) noexcept;

  std::vector<DeviceFacts> devices() const;
  // Everything is absent where the device is gone.
  DeviceState state(const std::string& uuid) const;

 private:
  struct Library;
  std::unique_ptr<Library> library_;
};

}  // namespace sameseed
