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

namespace sameseed {
namespace {

constexpr std::string_view kSignature("\x89PNG\r\n\x1a\n", 8);
constexpr std::size_t kAround = 12;  // a chunk's length, type and checksum

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

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
  const std::string file = read_file(path);
  std::string_view rest = file;
  if (!rest.starts_with(kSignature))
    throw UserError(fmt::format("{}: {}", path.string(), file.empty() ? "empty" : "not a PNG"));
  rest.remove_prefix(kSignature.size());
  // A byte that names its filter begins each row. Interlaced pictures have up to twice the rows.
  const std::uint64_t row = 3 * static_cast<std::uint64_t>(width) + 1,
                      size = row * static_cast<std::uint64_t>(height);
  Pixels pixels(2 * size + 64);
  bool interlaced = false;
  for (bool first = true;; first = false) {
    if (rest.size() < kAround || big_endian(rest, 0) > rest.size() - kAround)
      throw UserError(fmt::format("{}: cut short at {} bytes", path.string(), file.size()));
    const std::size_t length = big_endian(rest, 0);
    const std::string_view typed = rest.substr(4, 4 + length), type = typed.substr(0, 4);
    const auto sum = ::crc32_z(0, reinterpret_cast<const Bytef*>(typed.data()), typed.size());
    if (sum != big_endian(rest, 8 + length))
      throw UserError(fmt::format("{}: damaged: the checksum of its {} chunk is wrong",
                                  path.string(), std::string(type)));
    if (first) {
      if (type != "IHDR" || length != 13)
        throw UserError(fmt::format("{}: not a PNG: it begins without IHDR", path.string()));
      const auto wide = big_endian(typed, 4), high = big_endian(typed, 8);
      if (wide != static_cast<std::uint32_t>(width) || high != static_cast<std::uint32_t>(height))
        throw UserError(fmt::format("{}: is {}x{} pixels, {}x{} were asked for", path.string(),
                                    wide, high, width, height));
      if (typed[12] != 8 || typed[13] != 2)
        throw UserError(fmt::format("{}: is not 8-bit RGB", path.string()));
      interlaced = typed[16] != 0;
    }
    if (type == "IDAT" && !pixels.add(typed.substr(4)))
      throw UserError(fmt::format("{}: damaged: its pixels cannot be unpacked", path.string()));
    rest.remove_prefix(kAround + length);
    if (type == "IEND") break;
  }
  if (!pixels.ended() || (interlaced ? pixels.size() < size : pixels.size() != size))
    throw UserError(fmt::format("{}: holds no whole picture: {} bytes of pixels, {} are needed",
                                path.string(), pixels.size(), size));
}

}  // namespace sameseed
