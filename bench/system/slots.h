// The devices that workers may use.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/system/nvml.h"

namespace sameseed {

// The GPUs of this machine, and what else decides whether they can be used.
struct Gpus {
  std::shared_ptr<const Nvml> nvml;  // null where NVIDIA's driver is not there
  std::vector<DeviceFacts> devices;
  std::string absent;                  // why there are none; empty where there are
  std::optional<std::string> visible;  // CUDA_VISIBLE_DEVICES
  bool worker = false;                 // this installation has the worker for GPUs
};
Gpus find_gpus();

// One device, or a share of the CPU: at most one request runs on it at a time.
struct Slot {
  std::string name;                              // "cpu", "cpu 2 of 4", "gpu 0"
  std::map<std::string, std::string> variables;  // for every worker on it
  std::string worker = "sameseed-worker";        // the program that runs our engines there
  std::optional<DeviceFacts> gpu;                // nothing on the CPU
};

// One slot a GPU of `devices` ("0,2": indices in the order of the PCI bus, or "GPU-" and the
// beginning of a UUID), or `count` equal shares of the CPU's `cores` where that is "cpu" or where
// only a count is given. Where neither is given: the first GPU that CUDA_VISIBLE_DEVICES leaves,
// where there is one and the worker for it, else the CPU. Pure. Throws UserError for counts and
// devices that make no sense or are not there.
std::vector<Slot> make_slots(const std::string& devices, std::optional<int> count, int cores,
                             const Gpus& gpus);

// Of this machine's cores those that pictures leave idle while none is timed. A GPU's worker takes
// one, and its driver another at times; on a CPU pictures take all, and gaps are between their
// steps.
int idle_cores(const std::vector<Slot>& slots, int cores);

}  // namespace sameseed
