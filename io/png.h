// PNG in, through OpenCV, and out, through zlib on all cores. Pixels are 8-bit RGB, row-major,
// [height, width, 3].
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace sameseed {

struct Image {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;
};

Image read_png(const std::filesystem::path&
                   path);  // throws UserError; alpha dropped, grey widened, 16-bit refused
void write_png(const std::filesystem::path& path, const Image& image);  // whole or absent

}  // namespace sameseed
