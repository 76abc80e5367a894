#include <fmt/format.h>
#include <png.h>

#include <array>
#include <csetjmp>
#include <cstring>
#include <memory>
#include <vector>

#include "io/error.h"
#include "io/picture_decoders.h"
#include "io/png_chunks.h"

namespace sameseed {
namespace {

constexpr std::uint64_t kBestPacking = 1032;  // bytes that deflate makes of one at most
constexpr std::size_t kColors = 3;
constexpr std::size_t kMostBehindRows = 65536;  // bytes

struct Decoding {
  const std::vector<std::string_view>& parts;
  std::size_t part = 0, at = 0;  // how far libpng has read
  std::size_t most = SIZE_MAX;   // bytes that it may read yet
  std::array<char, 160> problem{};
};

// libpng ends by longjmp: nothing that it jumps over may have a destructor. A warning ends it too:
// it has been given nothing but pixels and what they need.
[[noreturn]] void give_up(png_structp png, png_const_charp message) {
  auto* decoding = static_cast<Decoding*>(png_get_error_ptr(png));
  std::strncpy(decoding->problem.data(), message, decoding->problem.size() - 1);
  png_longjmp(png, 1);
}

void take(png_structp png, png_bytep out, std::size_t count) {
  auto* decoding = static_cast<Decoding*>(png_get_io_ptr(png));
  if (count > decoding->most) png_error(png, "it has more pixels than it claims");
  decoding->most -= count;
  while (count > 0) {
    if (decoding->part == decoding->parts.size()) png_error(png, "it ends too early");
    const std::string_view part = decoding->parts[decoding->part].substr(decoding->at);
    const std::size_t now = part.size() < count ? part.size() : count;
    std::memcpy(out, part.data(), now);
    out += now;
    count -= now;
    decoding->at += now;
    if (now == part.size()) {
      ++decoding->part;
      decoding->at = 0;
    }
  }
}

struct Reader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  int passes = 1;  // over the picture: 7 where it is interlaced
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
};

// How many channels its rows will have: 3, or 4 where there may be transparency. 0: damaged.
std::size_t read_header(Reader& reader, Decoding& decoding) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return 0;  // NOLINT: libpng's way
  png_set_read_fn(reader.png, &decoding, take);
  png_set_crc_action(reader.png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);  // png_parts() has checked
  png_set_user_limits(reader.png, 0x7fffffff, 0x7fffffff);               // so has check_pixels()
  png_read_info(reader.png, reader.info);
  png_set_expand(reader.png);
  png_set_gray_to_rgb(reader.png);
  reader.passes = png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  return png_get_channels(reader.png, reader.info);
}

bool read_rows(Reader& reader, Decoding& decoding, png_bytepp rows) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;  // NOLINT: libpng's way
  const std::size_t row_bytes = png_get_rowbytes(reader.png, reader.info);
  const png_uint_32 height = png_get_image_height(reader.png, reader.info);
  for (int pass = 0; pass < reader.passes; ++pass)
    for (png_uint_32 y = 0; y < height; ++y) {
      // With the last row libpng unpacks to its end what else there is, and says then that it was
      // too much.
      if (pass + 1 == reader.passes && y + 1 == height)
        decoding.most = 2 * row_bytes + kMostBehindRows;
      png_read_row(reader.png, rows[y], nullptr);
    }
  png_read_end(reader.png, nullptr);
  return true;
}

// Takes the alpha channel away.
std::vector<std::uint8_t> opaque_pixels(const std::vector<std::uint8_t>& rgba,
                                        const std::string& name) {
  const std::size_t count = rgba.size() / (kColors + 1);
  std::vector<std::uint8_t> rgb(count * kColors);
  std::size_t transparent = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(&rgb[i * kColors], &rgba[i * (kColors + 1)], kColors);
    transparent += rgba[i * (kColors + 1) + kColors] != 255;
  }
  if (transparent > 0)
    throw UserError(fmt::format(
        "{}: {} of its {} pixels are transparent; put it on a background, as `magick IN "
        "-background white -flatten OUT.png` does",
        name, transparent, count));
  return rgb;
}

}  // namespace

Picture decode_png(std::string_view file, const std::string& name) {
  const PngParts parts = png_parts(file, name);
  check_pixels(parts.width, parts.height, name);
  if (parts.depth > 8)
    throw UserError(
        fmt::format("{}: not an 8-bit picture: has {} bits a channel; reduce it, as `magick IN "
                    "-depth 8 OUT.png` "
                    "does",
                    name, parts.depth));
  if (!parts.objection.empty()) throw UserError(fmt::format("{}: {}", name, parts.objection));
  std::uint64_t packed = 0;
  for (const std::string_view part : parts.pixels) packed += part.size();
  if (packed * kBestPacking < parts.raw_bytes())
    throw UserError(fmt::format("{}: holds no whole picture: {} bytes cannot hold {}x{} pixels",
                                name, packed, parts.width, parts.height));
  Decoding decoding{parts.decodable};
  const auto damaged = [&] {
    return UserError(fmt::format("{}: damaged: {}", name, decoding.problem.data()));
  };
  Reader reader;
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoding, give_up, give_up);
  if (reader.png) reader.info = png_create_info_struct(reader.png);
  if (!reader.info) throw std::bad_alloc();
  const std::size_t channels = read_header(reader, decoding);
  if (channels == 0) throw damaged();
  const std::size_t row = parts.width * channels;
  std::vector<std::uint8_t> pixels(row * parts.height);
  std::vector<png_bytep> rows(parts.height);
  for (std::size_t y = 0; y < rows.size(); ++y) rows[y] = pixels.data() + y * row;
  if (!read_rows(reader, decoding, rows.data())) throw damaged();
  return {{static_cast<int>(parts.width), static_cast<int>(parts.height),
           channels == kColors ? std::move(pixels) : opaque_pixels(pixels, name)}};
}

}  // namespace sameseed
