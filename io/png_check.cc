#include "io/png_check.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cstdint>
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

}  // namespace

void check_png(const std::filesystem::path& path, int width, int height) {
  const std::string file = read_file(path);
  std::string_view rest = file;
  if (!rest.starts_with(kSignature))
    throw UserError(fmt::format("{}: {}", path.string(), file.empty() ? "empty" : "not a PNG"));
  rest.remove_prefix(kSignature.size());
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
    }
    rest.remove_prefix(kAround + length);
    if (type == "IEND") return;
  }
}

}  // namespace sameseed
