// From how many timing blocks on a ratio of times is shown.
#pragma once

#include <cstddef>
#include <string>

#include "reports/statistics/paired_bootstrap.h"

namespace sameseed {

// As many as any interval needs. Of fewer no ratio is shown anywhere: one block made on a busy
// machine was 67 % off.
inline constexpr std::size_t kFewestBlocks = kFewestObservations;

// "too few blocks (1 of 6)"; empty where they are enough.
inline std::string too_few_blocks(std::size_t blocks) {
  if (blocks >= kFewestBlocks) return "";
  return "too few blocks (" + std::to_string(blocks) + " of " + std::to_string(kFewestBlocks) + ")";
}

}  // namespace sameseed
