#include "bench/system/slots.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "bench/system/programs.h"
#include "io/error.h"

namespace sameseed {
namespace {

constexpr const char* kCudaWorker = "sameseed-worker-cuda";

const DeviceFacts& find_device(const std::vector<DeviceFacts>& all, const std::string& name) {
  int index = -1;
  const char* end = name.data() + name.size();
  const bool number = std::from_chars(name.data(), end, index).ptr == end;
  const DeviceFacts* match = nullptr;
  std::string known;
  for (const DeviceFacts& device : all) {
    known += fmt::format("{}{} ({}, {})", known.empty() ? "" : ", ", device.index, device.name,
                         device.uuid);
    if (number ? device.index != index
               : !name.starts_with("GPU-") || !device.uuid.starts_with(name))
      continue;
    if (match)
      throw UserError(fmt::format("GPU {}: more than one UUID begins so; write more of it", name));
    match = &device;
  }
  if (!match)
    throw UserError(fmt::format(
        "GPU {}: there is no such device; there are: {}; --devices cpu needs none", name, known));
  return *match;
}

Slot gpu_slot(const std::string& device, const Gpus& gpus) {
  if (gpus.devices.empty())
    throw UserError(fmt::format("GPU {}: {}; --devices cpu works without", device, gpus.absent));
  if (!gpus.worker)
    throw UserError(
        fmt::format("GPU {}: {} is not beside this program; it is built where CUDA's toolkit is "
                    "found; --devices cpu works without",
                    device, kCudaWorker));
  const DeviceFacts& facts = find_device(gpus.devices, device);
  // NVML counts along the PCI bus; CUDA would begin with the fastest.
  return {.name = fmt::format("gpu {}", facts.index),
          .variables = {{"CUDA_DEVICE_ORDER", "PCI_BUS_ID"},
                        {"CUDA_VISIBLE_DEVICES", std::to_string(facts.index)}},
          .worker = kCudaWorker,
          .gpu = facts};
}

std::vector<Slot> gpu_slots(const std::string& devices, const Gpus& gpus) {
  std::vector<Slot> slots;
  std::set<std::string> seen;
  std::istringstream list(devices);
  for (std::string device; std::getline(list, device, ',');) {
    const bool legal =
        !device.empty() && device.find_first_of(" \t") == std::string::npos && device != "cpu";
    if (legal) slots.push_back(gpu_slot(device, gpus));
    if (!legal || !seen.insert(slots.back().name).second)
      throw UserError(
          fmt::format("--devices {}: must be cpu, or name each GPU once with commas between them: "
                      "0,1",
                      devices));
  }
  return slots;
}

std::vector<Slot> cpu_slots(int count, int cores) {
  if (count < 1 || count > std::max(cores, 1))
    throw UserError(fmt::format("--slots {}: must lie between 1 and the {} cores of this machine",
                                count, cores));
  std::vector<Slot> slots;
  if (count == 1) return {Slot{.name = "cpu"}};  // LibTorch's own choice of threads
  for (int i = 1; i <= count; ++i)
    slots.push_back(
        {.name = fmt::format("cpu {} of {}", i, count),
         .variables = {{"OMP_NUM_THREADS", std::to_string(std::max(1, cores / count))}}});
  return slots;
}

}  // namespace

Gpus find_gpus() {
  Gpus gpus;
  gpus.worker = std::filesystem::exists(program(kCudaWorker));
  if (const char* visible = std::getenv("CUDA_VISIBLE_DEVICES")) gpus.visible = visible;
  try {
    gpus.nvml = std::make_shared<const Nvml>();
    gpus.devices = gpus.nvml->devices();
    if (gpus.devices.empty()) gpus.absent = "NVIDIA's driver is here, but knows of no GPU";
  } catch (const UserError& problem) {
    gpus.absent = problem.what();
  }
  return gpus;
}

std::vector<Slot> make_slots(const std::string& devices, std::optional<int> count, int cores,
                             const Gpus& gpus) {
  if (devices == "cpu" || (devices.empty() && count)) return cpu_slots(count.value_or(1), cores);
  if (count)
    throw UserError(fmt::format(
        "--slots {}: shares the CPU, and --devices {} names GPUs; leave one of them out", *count,
        devices));
  if (!devices.empty()) return gpu_slots(devices, gpus);
  if (gpus.devices.empty() || !gpus.worker) return cpu_slots(1, cores);
  if (!gpus.visible) return {gpu_slot(std::to_string(gpus.devices.front().index), gpus)};
  const std::string first = gpus.visible->substr(0, gpus.visible->find(','));
  if (first.empty() || first == "-1") return cpu_slots(1, cores);  // GPUs are hidden on purpose
  return {gpu_slot(first, gpus)};
}

int idle_cores(const std::vector<Slot>& slots, int cores) {
  const bool all_gpus =
      std::ranges::all_of(slots, [](const Slot& slot) { return slot.gpu.has_value(); });
  const int count = static_cast<int>(slots.size()), least = cores > count ? 1 : 0;
  return all_gpus ? std::max(cores - 2 * count, least) : least;
}

}  // namespace sameseed
