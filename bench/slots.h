// The devices that workers may use.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace sameseed {

// One device, or a share of the CPU: at most one request runs on it at a time.
struct Slot {
  std::string name;                              // "cpu", "cpu 2 of 4", "gpu 0"
  std::map<std::string, std::string> variables;  // for every worker on it
};

// One slot a GPU of `devices` ("0,2"); or, where that is empty, `count` equal shares of the CPU's
// `cores`. Throws UserError for counts and device names that make no sense.
std::vector<Slot> make_slots(const std::string& devices, int count, int cores);

}  // namespace sameseed
