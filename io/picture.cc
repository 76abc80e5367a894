#include "io/picture.h"

#include <fmt/format.h>

#include "io/error.h"
#include "io/files.h"
#include "io/picture_decoders.h"
#include "io/png_chunks.h"

namespace sameseed {
namespace {

constexpr std::string_view kJpegStart = "\xff\xd8";

struct OtherFormat {
  std::size_t at;
  std::string_view bytes;
  const char* name;
};
constexpr OtherFormat kOtherFormats[] = {{8, "WEBP", "a WebP"},
                                         {0, "GIF8", "a GIF"},
                                         {0, "BM", "a BMP"},
                                         {0, "II*", "a TIFF"},
                                         {0, {"MM\0*", 4}, "a TIFF"},
                                         {4, "ftypavif", "an AVIF"},
                                         {4, "ftyphei", "a HEIC"},
                                         {4, "ftypmif1", "a HEIF"},
                                         {4, "JXL ", "a JPEG XL"},
                                         {0, "\xff\x0a", "a JPEG XL"},
                                         {4, "jP  ", "a JPEG 2000"},
                                         {0, "\xff\x4f\xff\x51", "a JPEG 2000"},
                                         {0, "\xff\xd8\xff\xf7", "a JPEG-LS"},
                                         {0, "\x76\x2f\x31\x01", "an OpenEXR"},
                                         {0, "8BPS", "a Photoshop file"},
                                         {0, "P6", "a PPM"},
                                         {0, "P5", "a PGM"},
                                         {0, "P3", "a PPM"},
                                         {0, "qoif", "a QOI"},
                                         {0, "%PDF", "a PDF"},
                                         {0, "<svg", "an SVG"},
                                         {0, "<?xml", "an SVG"},
                                         {0, "\x93NUMPY", "a NumPy array"}};

[[noreturn]] void refuse_format(std::string_view file, const std::string& name) {
  if (file.empty()) throw UserError(name + ": empty");
  if (file.starts_with("version https://git-lfs"))
    throw UserError(name + ": a Git LFS pointer, not the picture; `git lfs pull` fetches it");
  for (const OtherFormat& format : kOtherFormats)
    if (file.size() > format.at && file.substr(format.at).starts_with(format.bytes))
      throw UserError(
          fmt::format("{}: is {}; PNG and JPEG are read: convert it, as `magick IN OUT.png` does",
                      name, format.name));
  throw UserError(name + ": not a picture that can be read: PNG and JPEG are");
}

}  // namespace

void check_pixels(std::uint64_t width, std::uint64_t height, const std::string& name) {
  if (width == 0 || height == 0) throw UserError(name + ": damaged: has no pixels");
  if (width > kMostPixels || height > kMostPixels || width * height > kMostPixels)
    throw UserError(
        fmt::format("{}: claims to be {}x{} pixels; at most {} are read, as of 8192x8192", name,
                    width, height, kMostPixels));
}

Picture decode_picture(std::string_view file, const std::string& name) {
  if (file.starts_with(kPngSignature)) return decode_png(file, name);
  if (file.starts_with(kJpegStart) && file.substr(0, 4) != "\xff\xd8\xff\xf7")
    return decode_jpeg(file, name);
  if (file.size() < kPngSignature.size() && !file.empty() && kPngSignature.starts_with(file))
    throw UserError(fmt::format("{}: cut short at {} bytes", name, file.size()));
  if (file.substr(0, kPngSignature.size()).find("PNG") != std::string_view::npos)
    throw UserError(name +
                    ": a PNG that was saved or sent as text, which spoils it; send it as it is");
  refuse_format(file, name);
}

Picture read_picture(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);  // read_file() says what is wrong
  if (!error && size > kLargestPicture)
    throw UserError(fmt::format("{}: has {} MiB; a picture of at most {} is read", path.string(),
                                size >> 20, kLargestPicture >> 20));
  return decode_picture(read_file(path), path.string());
}

std::string kind_of(const Picture& picture) {
  return picture.jpeg_quality == 0
             ? "a PNG"
             : fmt::format("a JPEG of quality {} or so", picture.jpeg_quality);
}

}  // namespace sameseed
