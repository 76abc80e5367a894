// The machine that this program runs on, GPUs apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sameseed {

struct Host {
  std::string cpu, kernel;
  int cores = 0;                                         // that this process may use
  std::int64_t memory_bytes = 0, free_memory_bytes = 0;  // free: without swapping
  std::optional<double> cpu_quota;  // cores that a control group allows; nothing: all
  double load = 0;  // processes that ran or waited to, on average over the last minute
};

Host read_host();

}  // namespace sameseed
