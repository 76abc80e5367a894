// PNG and JPEG: the input as a file, and, of a PNG, with its checksums made right, which nothing
// that is tried at random has. What is taken is a whole picture, what is not has a sentence of one
// line.
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "io/big_endian.h"
#include "io/error.h"
#include "io/picture.h"
#include "io/png_chunks.h"

namespace {

void decode(const std::string& file) {
  try {
    const sameseed::Picture picture = sameseed::decode_picture(file, "it");
    const auto pixels = static_cast<std::uint64_t>(picture.image.width) *
                        static_cast<std::uint64_t>(picture.image.height);
    if (pixels == 0 || pixels > sameseed::kMostPixels || picture.image.rgb.size() != 3 * pixels ||
        picture.jpeg_quality < 0 || picture.jpeg_quality > 100)
      __builtin_trap();
  } catch (const sameseed::UserError& error) {
    const std::string text = error.what();
    if (!text.starts_with("it: ") || std::ranges::any_of(text, [](char letter) {
          return static_cast<unsigned char>(letter) < ' ';
        }))
      __builtin_trap();
  }
}

// Also makes a last chunk that is cut as long as what there is.
std::string with_right_checksums(std::string file) {
  const auto put = [&](std::size_t at, std::uint64_t value) {
    for (std::size_t i = 0; i < 4; ++i) file[at + i] = static_cast<char>(value >> (24 - 8 * i));
  };
  for (std::size_t at = sameseed::kPngSignature.size(); at + 12 <= file.size();) {
    std::size_t length = sameseed::big_endian(file, at);
    if (length > file.size() - at - 12) put(at, length = file.size() - at - 12);
    put(at + 8 + length,
        ::crc32_z(0, reinterpret_cast<const Bytef*>(file.data()) + at + 4, 4 + length));
    at += 12 + length;
  }
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  decode(input);
  if (input.starts_with(sameseed::kPngSignature)) decode(with_right_checksums(input));
  return 0;
}
