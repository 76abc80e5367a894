#include "io/whole_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "io/error.h"
#include "io/input_file.h"

namespace sameseed {
namespace {

constexpr std::string_view kPngEnd("\0\0\0\0IEND\xae\x42\x60\x82", 12);  // a chunk without data

// Fewer bytes than asked for are the end of the file, which does not happen below its size.
void read_at(const InputFile& file, std::size_t at, char* to, std::size_t size,
             const std::string& path) {
  ssize_t got = 0;
  do {
    got = ::pread(file.descriptor(), to, size, static_cast<off_t>(at));
  } while (got < 0 && errno == EINTR);
  if (got < 0) throw UserError(fmt::format("{}: cannot be read: {}", path, std::strerror(errno)));
  if (static_cast<std::size_t>(got) < size)
    std::memset(to + got, 0, size - static_cast<std::size_t>(got));
}

// What `look` finds; false where there is no regular file.
template <typename Look>
bool look_at(const std::string& path, Look look) {
  try {
    return look(InputFile(path));
  } catch (const UserError&) {
    std::error_code error;
    const auto type = std::filesystem::status(path, error).type();
    if (type == std::filesystem::file_type::none || type == std::filesystem::file_type::regular)
      throw;
    return false;
  }
}

}  // namespace

bool is_whole_png(const std::string& path) {
  return look_at(path, [&](const InputFile& file) {
    char end[kPngEnd.size()];
    if (file.size() < sizeof end) return false;
    read_at(file, file.size() - sizeof end, end, sizeof end, path);
    return std::string_view(end, sizeof end) == kPngEnd;
  });
}

bool is_whole_safetensors(const std::string& path) {
  return look_at(path, [&](const InputFile& file) {
    unsigned char begin[8];  // the header's length, its lowest byte first
    if (file.size() <= sizeof begin) return false;
    read_at(file, 0, reinterpret_cast<char*>(begin), sizeof begin, path);
    std::uint64_t header = 0;
    for (std::size_t i = sizeof begin; i-- > 0;) header = header << 8 | begin[i];
    return header > 0 && header < file.size() - sizeof begin;
  });
}

}  // namespace sameseed
