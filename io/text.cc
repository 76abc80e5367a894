#include "io/text.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

constexpr std::string_view kMark = "\xef\xbb\xbf";

// How many bytes the character that begins here has; 0 where none does (Unicode, table 3-7).
std::size_t length_at(std::string_view rest) {
  const auto byte = [&](std::size_t i) {
    return i < rest.size() ? static_cast<unsigned char>(rest[i]) : 0u;
  };
  const auto follows = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i <= to; ++i)
      if (byte(i) < 0x80 || byte(i) > 0xbf) return false;
    return true;
  };
  const unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1, 1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool too_long = first == 0xe0 && second < 0xa0, half = first == 0xed && second > 0x9f;
    return !too_long && !half && follows(1, 2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool too_long = first == 0xf0 && second < 0x90, beyond = first == 0xf4 && second > 0x8f;
    return !too_long && !beyond && follows(1, 3) ? 4 : 0;
  }
  return 0;
}

// "line 3: WHAT at byte 5", the byte counted from 0 within its line.
std::string at_place(std::string_view text, std::size_t at, const char* what) {
  const std::string_view before = text.substr(0, at);
  const std::size_t newline = before.rfind('\n');
  return fmt::format("line {}: {} at byte {}", 1 + std::ranges::count(before, '\n'), what,
                     newline == std::string_view::npos ? at : at - newline - 1);
}

}  // namespace

std::size_t find_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = length_at(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

bool is_lfs_pointer(std::string_view bytes) {
  return bytes.size() < 1024 && bytes.starts_with("version https://git-lfs.github.com/spec/");
}

std::string problem_of_text(std::string_view text) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    return "line 1: begins with the mark of UTF-16 or UTF-32; save it as UTF-8";
  const std::size_t nul = text.find('\0'), invalid = find_invalid_utf8(text);
  if (nul < invalid)
    return at_place(text, nul, "holds a NUL") +
           "; remove it, or save it as UTF-8 where it is UTF-16";
  if (invalid != std::string_view::npos)
    return at_place(text, invalid, "is not valid UTF-8") + "; save it as UTF-8";
  return "";
}

bool is_plain_name(std::string_view text) {
  return !text.empty() && text.size() <= 100 && text.front() != '.' &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~' && c != '/'; });
}

std::string read_text(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  if (const std::string problem = problem_of_text(bytes); !problem.empty())
    throw UserError(path.string() + ": " + problem);
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t i = bytes.starts_with(kMark) ? kMark.size() : 0; i < bytes.size(); ++i) {
    if (bytes[i] != '\r')
      text += bytes[i];
    else if (i + 1 == bytes.size() || bytes[i + 1] != '\n')
      text += '\n';
  }
  return text;
}

}  // namespace sameseed
