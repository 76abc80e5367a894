// PNG out, through zlib on all cores. io/picture.h reads it.
#pragma once

#include <filesystem>

#include "io/image.h"

namespace sameseed {

void write_png(const std::filesystem::path& path, const Image& image);  // whole or absent

}  // namespace sameseed
