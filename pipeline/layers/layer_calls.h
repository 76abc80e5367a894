// What the layers of one network were called for: the proof that a switch acted on that network.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

namespace sameseed {

// Calls since the counters were last set to zero, by the type of their sums.
struct LayerCalls {
  std::int64_t conv_half = 0, conv_float = 0;
  std::int64_t matmul_half = 0, matmul_float = 0;
  // Linear layers of transformers: in FP8 by fast and by exact sums, and in fp16 (these are among
  // the matmul_ ones).
  std::int64_t fp8_fast = 0, fp8_exact = 0, linear_fp16 = 0;
};

inline nlohmann::json to_json(const LayerCalls& calls) {
  return {{"conv_half", calls.conv_half},     {"conv_float", calls.conv_float},
          {"matmul_half", calls.matmul_half}, {"matmul_float", calls.matmul_float},
          {"fp8_fast", calls.fp8_fast},       {"fp8_exact", calls.fp8_exact},
          {"linear_fp16", calls.linear_fp16}};
}

}  // namespace sameseed
