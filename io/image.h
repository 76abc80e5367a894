// A picture in memory.
#pragma once

#include <cstdint>
#include <vector>

namespace sameseed {

// 8-bit RGB, row-major, [height, width, 3].
struct Image {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;
};

}  // namespace sameseed
