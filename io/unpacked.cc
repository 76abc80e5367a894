#include "io/unpacked.h"

#include <zlib.h>

#include <array>
#include <new>

namespace sameseed {

std::optional<std::string> unpacked(std::string_view packed, std::size_t most) {
  z_stream stream{};
  if (::inflateInit(&stream) != Z_OK) throw std::bad_alloc();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::array<char, 16384> room{};
  std::string bytes;
  int result = Z_OK;
  while (result == Z_OK && bytes.size() <= most) {
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = static_cast<uInt>(room.size());
    result = ::inflate(&stream, Z_NO_FLUSH);
    bytes.append(room.data(), room.size() - stream.avail_out);
  }
  ::inflateEnd(&stream);
  if (result != Z_STREAM_END || bytes.size() > most) return std::nullopt;
  return bytes;
}

}  // namespace sameseed
