// A number with its uncertainty.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace sameseed {

struct Interval {
  double low = 0, high = 0;  // may be infinite
};

struct Estimate {
  std::size_t n = 0;  // what it was estimated from: pairs, timed samples or blocks; 0: no value
  std::size_t prompts = 0;  // independent observations among them; 0: not told apart
  double value = 0;         // may be infinite
  std::optional<Interval> interval = {};
  std::string no_interval = {};  // why there is none
};

}  // namespace sameseed
