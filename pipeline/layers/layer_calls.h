// What the layers of one network were called for: the proof that a switch acted on that network.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

namespace sameseed {

// Calls since the counters were last set to zero, by the type of their sums.
struct LayerCalls {
  std::int64_t conv_half = 0, conv_float = 0;
  std::int64_t matmul_half = 0, matmul_float = 0;
};

inline nlohmann::json to_json(const LayerCalls& calls) {
  return {{"conv_half", calls.conv_half},
          {"conv_float", calls.conv_float},
          {"matmul_half", calls.matmul_half},
          {"matmul_float", calls.matmul_float}};
}

}  // namespace sameseed
