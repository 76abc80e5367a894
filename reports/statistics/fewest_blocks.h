// From how many timing blocks on a ratio of times is shown.
#pragma once

#include <cstddef>
#include <string>

namespace sameseed {

// The least of which lowest and highest hold the median at 95 %: 1 - 2 / 2^6 = 96.9 %. Of fewer no
// ratio is shown anywhere: one block made on a busy machine was 67 % off.
inline constexpr std::size_t kFewestBlocks = 6;

// "too few blocks (1 of 6)"; empty where they are enough.
inline std::string too_few_blocks(std::size_t blocks) {
  if (blocks >= kFewestBlocks) return "";
  return "too few blocks (" + std::to_string(blocks) + " of " + std::to_string(kFewestBlocks) + ")";
}

}  // namespace sameseed
