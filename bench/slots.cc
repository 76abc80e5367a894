#include "bench/slots.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "io/error.h"

namespace sameseed {

std::vector<Slot> make_slots(const std::string& devices, int count, int cores) {
  std::vector<Slot> slots;
  if (!devices.empty()) {
    std::set<std::string> seen;
    std::istringstream list(devices);
    for (std::string device; std::getline(list, device, ',');) {
      if (device.empty() || device.find_first_of(" \t") != std::string::npos ||
          !seen.insert(device).second)
        throw UserError(fmt::format(
            "--devices {}: must name each GPU once, with commas between them: 0,1", devices));
      slots.push_back({"gpu " + device, {{"CUDA_VISIBLE_DEVICES", device}}});
    }
    return slots;
  }
  if (count < 1 || count > std::max(cores, 1))
    throw UserError(fmt::format("--slots {}: must lie between 1 and the {} cores of this machine",
                                count, cores));
  if (count == 1) return {{"cpu", {}}};  // LibTorch's own choice of threads
  for (int i = 1; i <= count; ++i)
    slots.push_back({fmt::format("cpu {} of {}", i, count),
                     {{"OMP_NUM_THREADS", std::to_string(std::max(1, cores / count))}}});
  return slots;
}

}  // namespace sameseed
