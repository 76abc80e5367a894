// How long something took, by the clock that never goes back.
#pragma once

#include <chrono>

namespace sameseed {

inline double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

}  // namespace sameseed
