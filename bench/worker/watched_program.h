// Programs that work for as long as they need, and show that they go on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/worker/time_limits.h"

namespace sameseed {

inline constexpr int kSignsOfLife = 3;  // the descriptor that such a program writes a byte to

struct WatchedEnd {
  int code = 0;                                     // as run_program() has it
  std::optional<std::chrono::milliseconds> silent;  // it was ended for so long without a sign
};

// Runs a program as run_program() does, and ends it where no sign of life comes in time. `fixed` is
// that time; else it is learnt from the signs before, as of workers (time_limits.h). Time in which
// this program is stopped itself (Ctrl-Z) does not count.
WatchedEnd run_watched_program(const std::vector<std::string>& command,
                               std::optional<std::chrono::milliseconds> fixed);

}  // namespace sameseed
