// The chunks of a PNG, with their checksums, before anything is unpacked (W3C PNG, sections 5, 11).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sameseed {

inline constexpr std::string_view kPngSignature("\x89PNG\r\n\x1a\n", 8);

// What stands in a PNG. The views are of the file's bytes.
struct PngParts {
  std::uint32_t width = 0, height = 0;  // pixels, as claimed
  int depth = 0;                        // bits a channel
  int color_type = 0;  // 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha
  bool interlaced = false;
  bool transparent_color = false;           // tRNS: a colour, or entries of the palette
  std::vector<std::string_view> pixels;     // packed
  std::vector<std::string_view> decodable;  // the file without what decoding needs not, in order
  std::string objection;  // why its pixels are not what is to be shown, and the remedy; or empty

  // Of all unpacked rows with their filters, without those that interlacing adds.
  std::uint64_t raw_bytes() const;
};

// Throws UserError, with `name` in front, where the file is cut short, damaged or no PNG. What
// follows behind the last chunk is passed over, as all readers do.
PngParts png_parts(std::string_view file, const std::string& name);

}  // namespace sameseed
