// PNGs written chunk by chunk, so that anything in them can be wrong or unusual.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <optional>
#include <string>

namespace sameseed {

inline std::string big_endian_bytes(std::uint32_t value, int length = 4) {
  std::string bytes;
  for (int shift = 8 * (length - 1); shift >= 0; shift -= 8)
    bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

inline std::string png_chunk(const std::string& type, const std::string& data) {
  const std::string typed = type + data;
  const auto sum = ::crc32_z(0, reinterpret_cast<const Bytef*>(typed.data()), typed.size());
  return big_endian_bytes(static_cast<std::uint32_t>(data.size())) + typed +
         big_endian_bytes(static_cast<std::uint32_t>(sum));
}

inline std::string zlib_packed(const std::string& bytes) {
  std::string result(::compressBound(bytes.size()), '\0');
  uLongf size = result.size();
  ::compress(reinterpret_cast<Bytef*>(result.data()), &size,
             reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  return result.substr(0, size);
}

struct MadePng {
  std::uint32_t width = 8, height = 4;
  int depth = 8, color_type = 2;
  std::string rows;  // not packed, each behind its filter's number; empty: what channels() makes
  std::string before = {}, after = {};     // chunks in front of the pixels and behind them
  std::optional<std::string> packed = {};  // pixels, in place of `rows`

  bool interlaced = false;

  int channels() const {
    return color_type == 2 ? 3 : color_type == 4 ? 2 : color_type == 6 ? 4 : 1;
  }
  // Colours that differ from pixel to pixel; the last channel is `last` where that is not negative.
  MadePng& fill(int last = -1) {
    rows.clear();
    for (std::uint32_t y = 0; y < height; ++y) {
      rows += '\0';
      for (std::uint32_t x = 0; x < width; ++x)
        for (int c = 0; c < channels(); ++c)
          for (int byte = 0; byte < depth / 8; ++byte)
            rows += static_cast<char>(last >= 0 && c == channels() - 1
                                          ? last
                                          : 20 * c + 7 * static_cast<int>(x) +
                                                31 * static_cast<int>(y));
    }
    return *this;
  }
  std::string bytes() const {
    std::string header = big_endian_bytes(width) + big_endian_bytes(height);
    header += static_cast<char>(depth);
    header += static_cast<char>(color_type);
    header += std::string(2, '\0') + static_cast<char>(interlaced);
    return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + before +
           png_chunk("IDAT", packed ? *packed : zlib_packed(rows)) + after + png_chunk("IEND", "");
  }
};

}  // namespace sameseed
