// Texts that people hand over: editors of other systems write marks, line ends and encodings of
// their own.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace sameseed {

// The first byte that is no UTF-8; npos where all are.
std::size_t find_invalid_utf8(std::string_view text);

// Why this is no UTF-8 text, with its line and the remedy: UTF-16, another encoding, a NUL. Empty
// where it is one.
std::string problem_of_text(std::string_view text);

// Whether this is what Git leaves of a file that `git lfs pull` has not fetched.
bool is_lfs_pointer(std::string_view bytes);
inline constexpr const char* kLfsPointer =  // for people
    "is a Git LFS pointer, not the file itself; `git lfs pull` in that folder fetches it";

// Whether it can only name a file of the folder it is joined to: 1 to 100 printable characters of
// ASCII, no "/", and no "." at the beginning.
bool is_plain_name(std::string_view text);
inline constexpr const char* kPlainName =  // for people
    "a name without \"/\", at most 100 characters of ASCII";

// A text file without its byte order mark and with "\n" at the end of each line, whichever system
// wrote it. Throws UserError that names the file for what problem_of_text() finds.
std::string read_text(const std::filesystem::path& path);

}  // namespace sameseed
