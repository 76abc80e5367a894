#include "bench/system/cgroup.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace sameseed {
namespace {

// Empty where it cannot be read.
std::string text_of_file(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  return std::move(text).str();
}

bool names_cpu(const std::string& controllers) {
  std::istringstream list(controllers);
  for (std::string one; std::getline(list, one, ',');)
    if (one == "cpu") return true;
  return false;
}

void add_with_parents(const std::filesystem::path& root, const std::string& group,
                      std::vector<std::filesystem::path>& list) {
  std::filesystem::path inner = std::filesystem::path(group).relative_path();
  for (; !inner.empty(); inner = inner.parent_path()) list.push_back(root / inner);
  list.push_back(root);
}

std::vector<std::filesystem::path> own_groups() {
  return cpu_groups(text_of_file("/proc/self/cgroup"), "/sys/fs/cgroup");
}

}  // namespace

std::vector<std::filesystem::path> cpu_groups(std::string_view proc_cgroup,
                                              const std::filesystem::path& mount) {
  std::vector<std::filesystem::path> second, first;
  std::istringstream lines{std::string(proc_cgroup)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t name = line.find(':'), path = line.find(':', name + 1);  // "4:cpu,cpuacct:/a"
    if (name == std::string::npos || path == std::string::npos) continue;
    const std::string controllers = line.substr(name + 1, path - name - 1),
                      group = line.substr(path + 1);
    if (line.starts_with("0:")) {
      add_with_parents(mount, group, second);
    } else if (names_cpu(controllers)) {
      add_with_parents(mount / controllers, group, first);
      if (controllers != "cpu") add_with_parents(mount / "cpu", group, first);
    }
  }
  second.insert(second.end(), first.begin(), first.end());
  return second;
}

std::optional<double> throttled_ms(std::string_view cpu_stat) {
  std::istringstream in{std::string(cpu_stat)};
  std::string name;
  for (double value = 0; in >> name >> value;) {
    if (name == "throttled_usec") return value / 1e3;
    if (name == "throttled_time") return value / 1e6;
  }
  return std::nullopt;
}

std::optional<double> quota_of(std::string_view text) {
  std::istringstream in{std::string(text)};
  double quota = 0, period = 0;
  if (!(in >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

std::optional<double> cpu_quota() {
  std::optional<double> least;
  for (const auto& group : own_groups())
    for (const std::string& text :
         {text_of_file(group / "cpu.max"), text_of_file(group / "cpu.cfs_quota_us") + " " +
                                               text_of_file(group / "cpu.cfs_period_us")})
      if (const auto quota = quota_of(text)) least = std::min(least.value_or(*quota), *quota);
  return least;
}

std::optional<double> cpu_throttled_ms() {
  std::optional<double> most;
  for (const auto& group : own_groups())
    if (const auto ms = throttled_ms(text_of_file(group / "cpu.stat")))
      most = std::max(most.value_or(*ms), *ms);
  return most;
}

}  // namespace sameseed
