// Pictures in: PNG through libpng, JPEG through libjpeg-turbo. Files come from anywhere, so nothing
// is guessed: a picture whose pixels are not what a viewer shows is refused with the way out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "io/image.h"

namespace sameseed {

// What a picture may have at most: one of the longest sides that a request may ask for. To score it
// takes some 8 GB, 115 bytes a pixel.
inline constexpr std::uint64_t kMostPixels = 8192 * 8192;
inline constexpr std::size_t kLargestPicture = 256 << 20;  // bytes: more than such pixels unpacked

struct Picture {
  Image image;
  // Of a JPEG: the scale of 1 to 100 that libjpeg and most programs have, as near as the file's
  // tables tell. 0: a PNG, which loses nothing.
  int jpeg_quality = 0;
};

// Grey and palettes are widened to RGB, an alpha channel that is opaque everywhere is dropped.
// Throws UserError that names the file and what to do where it is missing, too large (by what it
// claims, before anything is unpacked), cut short, damaged, of another format, of 16 bits a
// channel, CMYK, transparent anywhere, animated, to be shown turned, or of other colours than
// sRGB's.
Picture read_picture(const std::filesystem::path& path);

// The same of a file's bytes; `name` stands in front of what is thrown.
Picture decode_picture(std::string_view file, const std::string& name);

// "a JPEG of quality 75 or so", or "a PNG".
std::string kind_of(const Picture& picture);

}  // namespace sameseed
