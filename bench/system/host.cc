#include "bench/system/host.h"

#include <sys/utsname.h>

#include <fstream>
#include <limits>
#include <thread>

#include "bench/system/cgroup.h"

namespace sameseed {
namespace {

std::string cpu_name() {
  std::string line;
  for (std::ifstream in("/proc/cpuinfo"); std::getline(in, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "";
}

}  // namespace

Host read_host() {
  Host host{.cpu = cpu_name(), .cores = static_cast<int>(std::thread::hardware_concurrency())};
  utsname system{};
  ::uname(&system);
  host.kernel = system.release;
  std::ifstream memory("/proc/meminfo");
  std::string name;
  for (std::int64_t kib = 0; memory >> name >> kib;) {
    if (name == "MemTotal:") host.memory_bytes = kib << 10;
    if (name == "MemAvailable:") host.free_memory_bytes = kib << 10;
    memory.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  host.cpu_quota = cpu_quota();
  std::ifstream("/proc/loadavg") >> host.load;
  return host;
}

}  // namespace sameseed
