// What `sameseed doctor` says of a machine, from what was found there.
#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/system/device_watch.h"
#include "bench/system/host.h"
#include "bench/system/slots.h"

namespace sameseed {

struct ProgramCheck {
  std::string name, path;
  bool found = false;
  std::vector<std::string> missing;  // shared libraries that it needs and that are not found
  std::string problem;               // what it wrote, where it did not start
  bool works() const { return found && missing.empty() && problem.empty(); }
};

struct Findings {
  Host host;
  Gpus gpus;
  std::vector<DeviceReading> readings;  // one per device of `gpus`, with no worker of ours on it
  std::vector<ProgramCheck> programs;
  std::vector<Slot> slots;   // that `run` would take by default
  std::string slot_problem;  // why it would take none
};

// Pure but for the names of processes. Fields: reports/FILES.md.
nlohmann::json doctor_report(const Findings& findings);
void print_doctor(const nlohmann::json& report, std::ostream& out);

}  // namespace sameseed
