#include "io/png_chunks.h"

#include <fmt/format.h>
#include <zlib.h>

#include "io/big_endian.h"
#include "io/error.h"
#include "io/png_notes.h"

namespace sameseed {
namespace {

constexpr std::size_t kAround = 12;  // a chunk's length, type and checksum
constexpr std::uint32_t kLongestSide = 0x7fffffff;

int channels_of(int color_type) {
  switch (color_type) {
    case 2:
      return 3;
    case 4:
      return 2;
    case 6:
      return 4;
    default:
      return 1;
  }
}

void read_header(std::string_view data, PngParts& parts, const std::string& name) {
  parts.width = big_endian(data, 0);
  parts.height = big_endian(data, 4);
  parts.depth = static_cast<unsigned char>(data[8]);
  parts.color_type = static_cast<unsigned char>(data[9]);
  parts.interlaced = data[12] != 0;
  if (parts.width == 0 || parts.height == 0 || parts.width > kLongestSide ||
      parts.height > kLongestSide)
    throw UserError(
        fmt::format("{}: damaged: claims to be {}x{} pixels", name, parts.width, parts.height));
}

// A capital first letter: whoever does not know the chunk cannot show the picture.
bool is_critical(std::string_view type) { return (type[0] & 0x20) == 0; }

bool is_decodable(std::string_view type) {
  return type == "IHDR" || type == "PLTE" || type == "tRNS" || type == "IDAT" || type == "IEND";
}

bool is_a_type(std::string_view type) {
  for (const char letter : type)
    if ((letter < 'A' || letter > 'Z') && (letter < 'a' || letter > 'z')) return false;
  return true;
}

// Neighbours become one part: a file may have millions of empty chunks.
void append(std::vector<std::string_view>& parts, std::string_view part) {
  if (!parts.empty() && parts.back().end() == part.begin())
    parts.back() = {parts.back().data(), parts.back().size() + part.size()};
  else
    parts.push_back(part);
}

}  // namespace

std::uint64_t PngParts::raw_bytes() const {
  const std::uint64_t bits = static_cast<std::uint64_t>(width) *
                             static_cast<std::uint64_t>(channels_of(color_type) * depth);
  return ((bits + 7) / 8 + 1) * height;
}

PngParts png_parts(std::string_view file, const std::string& name) {
  std::string_view rest = file;
  if (!rest.starts_with(kPngSignature))
    throw UserError(fmt::format("{}: {}", name, file.empty() ? "empty" : "not a PNG"));
  PngParts parts;
  PngNotes notes;
  append(parts.decodable, rest.substr(0, kPngSignature.size()));
  rest.remove_prefix(kPngSignature.size());
  for (bool first = true;; first = false) {
    if (rest.size() < kAround || big_endian(rest, 0) > rest.size() - kAround)
      throw UserError(fmt::format("{}: cut short at {} bytes", name, file.size()));
    const std::size_t length = big_endian(rest, 0);
    const std::string_view typed = rest.substr(4, 4 + length), type = typed.substr(0, 4);
    const auto sum = ::crc32_z(0, reinterpret_cast<const Bytef*>(typed.data()), typed.size());
    if (!is_a_type(type) || sum != big_endian(rest, 8 + length))
      throw UserError(fmt::format("{}: damaged: the checksum of its {} chunk is wrong", name,
                                  is_a_type(type) ? type : "nameless"));
    if (first != (type == "IHDR") || (first && length != 13))
      throw UserError(fmt::format("{}: not a PNG: it begins without IHDR, or has two", name));
    const std::string_view data = typed.substr(4);
    if (first) read_header(data, parts, name);
    if (type == "IDAT" && length > 0) parts.pixels.push_back(data);
    if (type == "tRNS") parts.transparent_color = true;
    if (is_decodable(type))
      append(parts.decodable, rest.substr(0, kAround + length));
    else if (is_critical(type))
      throw UserError(fmt::format(
          "{}: has a chunk {} that no standard knows; save it anew as a PNG", name, type));
    else
      notes.add(type, data);
    rest.remove_prefix(kAround + length);
    if (type == "IEND") break;
  }
  parts.objection = notes.objection();
  return parts;
}

}  // namespace sameseed
