#include "bench/system/device_watch.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <utility>

namespace sameseed {
namespace {

constexpr ino_t kFirstNamespace = 0xEFFFFFFC;  // PROC_PID_INIT_INO of Linux
constexpr std::int64_t kDriversOwn = std::int64_t{2} << 30;

// From /proc/PID/stat, "PID (NAME) STATE PARENT ...", whose name may hold anything.
std::optional<pid_t> parent_of(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (pid <= 0 || !std::getline(in, text, '\0')) return std::nullopt;
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 4 >= text.size()) return std::nullopt;
  return static_cast<pid_t>(std::strtol(text.c_str() + name_end + 4, nullptr, 10));
}

bool is_ours(pid_t pid, const ProcessView& view) {
  for (std::optional<pid_t> ancestor = pid; ancestor && *ancestor > 0;
       ancestor = view.parent(*ancestor))
    if (*ancestor == view.self) return true;
  return false;
}

}  // namespace

ProcessView system_processes() {
  struct stat own {};
  const bool whole = ::stat("/proc/self/ns/pid", &own) == 0 && own.st_ino == kFirstNamespace;
  return {.self = ::getpid(), .whole = whole, .parent = parent_of};
}

Sharing sort_processes(const std::vector<DeviceProcess>& listed, const ProcessView& view,
                       std::multiset<pid_t> strangers) {
  Sharing sharing;
  std::vector<DeviceProcess> here;
  for (const DeviceProcess& process : listed) {
    if (is_ours(process.pid, view)) {
      ++sharing.ours;
    } else if (const auto stranger = strangers.find(process.pid); stranger != strangers.end()) {
      strangers.erase(stranger);
      sharing.foreign.push_back(process);
    } else if (view.parent(process.pid)) {
      here.push_back(process);
    } else {
      sharing.unmatched.push_back(process);
    }
  }
  auto& side = view.whole || sharing.ours > 0 ? sharing.foreign : sharing.unmatched;
  side.insert(side.end(), here.begin(), here.end());
  return sharing;
}

std::string process_name(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/comm");
  std::string name;
  std::getline(in, name);
  return name;
}

DeviceWatch::DeviceWatch(const Nvml& nvml, DeviceFacts facts)
    : nvml_(nvml), facts_(std::move(facts)), before_work_{.state = nvml.state(facts_.uuid)} {
  if (!before_work_.state.processes) return;
  before_work_.sharing = {.foreign = *before_work_.state.processes};
  for (const DeviceProcess& process : *before_work_.state.processes) strangers_.insert(process.pid);
}

DeviceReading DeviceWatch::read() const {
  DeviceReading reading{.state = nvml_.state(facts_.uuid)};
  if (reading.state.processes)
    reading.sharing = sort_processes(*reading.state.processes, system_processes(), strangers_);
  return reading;
}

std::optional<std::int64_t> unowned_memory(const DeviceReading& before_work) {
  const auto& used = before_work.state.used_memory_bytes;
  const bool nobody = !before_work.sharing || before_work.sharing->foreign.empty();
  return used && nobody && *used > kDriversOwn ? used : std::nullopt;
}

}  // namespace sameseed
