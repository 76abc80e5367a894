// The time of day as records have it.
#pragma once

#include <fmt/chrono.h>

#include <ctime>
#include <string>

namespace sameseed {

// ISO 8601, UTC, to the second.
inline std::string now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

}  // namespace sameseed
