#include "bench/system/obstacles.h"

#include <fmt/format.h>

#include "bench/system/device_record.h"

namespace sameseed {
namespace {

constexpr double kBusyShare = 0.5;  // of the cores
constexpr int kFewCores = 4;

}  // namespace

std::vector<std::string> obstacles(const DeviceFacts& facts, const DeviceReading& before_work) {
  std::vector<std::string> list;
  for (const std::string& reason : throttling(before_work.state))
    list.push_back(reason + "; look at cooling and power supply");
  if (before_work.sharing)
    for (const DeviceProcess& process : before_work.sharing->foreign)
      list.push_back(fmt::format("{} works on it; end it, or take another GPU with --devices",
                                 process_label(process)));
  if (const auto memory = unowned_memory(before_work))
    list.push_back(fmt::format(
        "{:.1f} GiB are in use, and no process is listed that holds them; is it another "
        "container's?",
        static_cast<double>(*memory) / (1 << 30)));
  if (facts.mig.value_or(false))
    list.push_back(
        "it is cut up (MIG), and other instances share its power and clocks; take a whole GPU, or "
        "let an administrator run nvidia-smi -mig 0");
  return list;
}

std::vector<std::string> obstacles(const Host& host) {
  std::vector<std::string> list;
  if (host.load >= kBusyShare * host.cores)
    list.push_back(
        fmt::format("the CPU is busy: {:.1f} processes want its {} cores; wait, or end them",
                    host.load, host.cores));
  if (host.cpu_quota && *host.cpu_quota < host.cores)
    list.push_back(fmt::format(
        "a CPU quota allows {:.3g} of {} cores, so that work stands still in between; give whole "
        "cores instead (cpuset, taskset), or lift the quota of the control group",
        *host.cpu_quota, host.cores));
  return list;
}

std::vector<std::string> advice(const DeviceFacts& facts, const DeviceReading& before_work) {
  std::vector<std::string> list;
  if (!facts.persistence.value_or(true))
    list.push_back(
        "persistence mode is off, so that the driver starts anew with every run; nvidia-smi -pm 1 "
        "keeps it up");
  if (!before_work.state.reasons)
    list.push_back("it does not say whether it is throttled: nobody will know");
  if (!before_work.sharing)
    list.push_back("its processes are not listed: nobody will know whether it is shared");
  if (before_work.state.uncorrected_errors.value_or(0) > 0)
    list.push_back(fmt::format("{} memory errors were not corrected since the driver began",
                               *before_work.state.uncorrected_errors));
  return list;
}

std::vector<std::string> advice(const Host& host) {
  if (host.cores >= kFewCores) return {};
  return {
      fmt::format("{} cores: a worker, this program and everything else share them", host.cores)};
}

}  // namespace sameseed
