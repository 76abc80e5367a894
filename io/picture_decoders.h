// The two formats of io/picture.h, each in a file of its own.
#pragma once

#include <string>
#include <string_view>

#include "io/picture.h"

namespace sameseed {

// Both throw UserError with `name` in front. `file` begins as files of the format do.
Picture decode_png(std::string_view file, const std::string& name);
Picture decode_jpeg(std::string_view file, const std::string& name);

// Throws where a picture claims more than kMostPixels, or none.
void check_pixels(std::uint64_t width, std::uint64_t height, const std::string& name);

}  // namespace sameseed
