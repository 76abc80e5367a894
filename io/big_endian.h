// Numbers as picture files have them.
#pragma once

#include <cstdint>
#include <string_view>

namespace sameseed {

// The first byte is the highest. Throws std::out_of_range where the bytes end before.
inline std::uint32_t big_endian(std::string_view bytes, std::size_t at, std::size_t length = 4) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < length; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

}  // namespace sameseed
