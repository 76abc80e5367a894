#include "io/png_check.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "io/error.h"
#include "io/files.h"
#include "io/png_chunks.h"

namespace sameseed {
namespace {

// Takes the compressed pixels chunk by chunk, and keeps none of them.
class Pixels {
 public:
  explicit Pixels(std::uint64_t most) : most_(most) {
    if (::inflateInit(&stream_) != Z_OK) throw std::runtime_error("zlib cannot begin");
  }
  ~Pixels() { ::inflateEnd(&stream_); }
  Pixels(const Pixels&) = delete;
  Pixels& operator=(const Pixels&) = delete;

  // False where it is no such data, or too much.
  bool add(std::string_view part) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
    stream_.avail_in = static_cast<uInt>(part.size());
    while (stream_.avail_in > 0 && !ended_) {
      stream_.next_out = room_.data();
      stream_.avail_out = static_cast<uInt>(room_.size());
      const int result = ::inflate(&stream_, Z_NO_FLUSH);
      size_ += room_.size() - stream_.avail_out;
      ended_ = result == Z_STREAM_END;
      if ((result != Z_OK && !ended_) || size_ > most_) return false;
    }
    return true;
  }
  bool ended() const { return ended_; }
  std::uint64_t size() const { return size_; }

 private:
  z_stream stream_{};
  std::array<Bytef, 65536> room_{};
  const std::uint64_t most_;
  std::uint64_t size_ = 0;
  bool ended_ = false;
};

}  // namespace

void check_png(const std::filesystem::path& path, int width, int height) {
  const std::string file = read_file(path), name = path.string();
  const PngParts parts = png_parts(file, name);
  if (parts.width != static_cast<std::uint32_t>(width) ||
      parts.height != static_cast<std::uint32_t>(height))
    throw UserError(fmt::format("{}: is {}x{} pixels, {}x{} were asked for", name, parts.width,
                                parts.height, width, height));
  if (parts.depth != 8 || parts.color_type != 2 || parts.transparent_color)
    throw UserError(fmt::format("{}: is not 8-bit RGB", name));
  if (!parts.objection.empty()) throw UserError(fmt::format("{}: {}", name, parts.objection));
  // Interlaced pictures have up to twice the rows.
  const std::uint64_t size = parts.raw_bytes();
  Pixels pixels(2 * size + 64);
  for (const std::string_view part : parts.pixels)
    if (!pixels.add(part))
      throw UserError(fmt::format("{}: damaged: its pixels cannot be unpacked", name));
  if (!pixels.ended() || (parts.interlaced ? pixels.size() < size : pixels.size() != size))
    throw UserError(fmt::format("{}: holds no whole picture: {} bytes of pixels, {} are needed",
                                name, pixels.size(), size));
}

}  // namespace sameseed
