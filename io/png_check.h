// Whether a PNG is whole, without decoding it: the program itself has no libpng.
#pragma once

#include <filesystem>

namespace sameseed {

// Walks the chunks of an 8-bit RGB PNG with their checksums, from the signature to IEND (W3C PNG,
// section 5). Throws UserError where the file is missing, cut short, damaged, not of this size in
// pixels, or says that its pixels are not what is to be shown (io/png_notes.h).
void check_png(const std::filesystem::path& path, int width, int height);

}  // namespace sameseed
