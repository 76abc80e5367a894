// Logs of JSON objects, a line each. They may be cut by a crash, damaged by a power loss, or come
// from anywhere.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sameseed {

inline constexpr std::size_t kLongestLine = 16 << 20;  // bytes
inline constexpr int kDeepestLine = 64;                // levels of objects and lists

// Lines that were not taken.
struct PassedOver {
  std::size_t lines = 0;
  std::size_t first = 0;  // its number, from 1
  std::string why;        // of the first

  void add(std::size_t number, const std::string& reason);
  // "FILE: 2 lines were passed over, the first is line 17: not valid JSON"; empty where none was.
  std::string text(const std::filesystem::path& file) const;
};

// Calls `take` with each line that is a JSON object of at most kLongestLine bytes and kDeepestLine
// levels; what `take` returns is why it cannot be, or empty. A last line without its newline, which
// a crash leaves behind, is passed over without a word where it is no JSON; a file that is not
// there has no lines. Throws UserError where the file is no regular file, or for an error in the
// middle.
PassedOver for_each_json_line(const std::filesystem::path& path,
                              const std::function<std::string(nlohmann::json line)>& take);

}  // namespace sameseed
