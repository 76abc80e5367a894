// Files that are either whole or absent, and logs that only grow.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sameseed {

// kNo is for the many files of a run (pictures, latents): a power loss may take them, so their
// SHA-256 is kept in a log and they are made again where it does not match.
enum class FlushToDisk { kYes, kNo };

// Writes to a temporary name in the same folder, flushes and renames over `path`. Creates the
// folder.
void write_file(const std::filesystem::path& path, std::string_view bytes,
                FlushToDisk flush = FlushToDisk::kYes);

std::string read_file(const std::filesystem::path& path);  // throws UserError

// Throws UserError that names the file; io/json.h says for what.
nlohmann::json read_json(const std::filesystem::path& path);

// Where what can be made again is kept: `name` below $XDG_CACHE_HOME/sameseed or ~/.cache/sameseed.
// Empty where neither XDG_CACHE_HOME nor HOME is set.
std::filesystem::path cache_file(const std::string& name);

// Appends lines, each with the kernel before append() returns: a killed process loses none, a power
// loss the last few. A last line without its newline (a crash in the middle) is ended first, so
// that it spoils itself alone.
class AppendLog {
 public:
  explicit AppendLog(const std::filesystem::path& path);
  ~AppendLog();
  AppendLog(const AppendLog&) = delete;
  AppendLog& operator=(const AppendLog&) = delete;
  void append(std::string_view line);  // without the newline; must hold none

 private:
  int descriptor_ = -1;
  std::filesystem::path path_;
};

}  // namespace sameseed
