// Files that are either whole or absent, and logs that only grow.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sameseed {

// kNo is for the many files of a run (pictures, latents): a power loss may take them, so their
// SHA-256 is kept in a log and they are made again where it does not match.
enum class FlushToDisk { kYes, kNo };

// Writes to a temporary name in the same folder, flushes, renames over `path` and flushes the
// folder. Creates the folder. Throws DiskFull, and UserError for what else the system refuses.
void write_file(const std::filesystem::path& path, std::string_view bytes,
                FlushToDisk flush = FlushToDisk::kYes);

// The same of what `fill` puts into the stream, which need not be in memory as a whole.
void write_file(const std::filesystem::path& path, const std::function<void(std::ostream&)>& fill);

// Puts on the disk every file that was written beside this folder: those of FlushToDisk::kNo.
void flush_files_of(const std::filesystem::path& folder);

// What the system refused where std::filesystem throws: "PATH: cannot be reached: REASON".
std::string in_words(const std::filesystem::filesystem_error& error);

// Removes what write_file() left in a folder when it was killed.
void remove_temporaries(const std::filesystem::path& folder);

// Of regular files only. Throws UserError, also for an error in the middle.
std::string read_file(const std::filesystem::path& path);

// Throws UserError where an open file is no regular one, or has another name (a hard link), which
// may lie anywhere: before a file is written to in place.
void refuse_shared_file(int descriptor, const std::filesystem::path& path);

// Throws UserError that names the file; io/json.h says for what.
nlohmann::json read_json(const std::filesystem::path& path);

// Where what can be made again is kept: `name` below $XDG_CACHE_HOME/sameseed or ~/.cache/sameseed.
// Empty where neither XDG_CACHE_HOME nor HOME is set.
std::filesystem::path cache_file(const std::string& name);

// Appends lines, each with the kernel before append() returns: a killed process loses none, a power
// loss those since the last flush(). A last line without its newline (a crash in the middle) is
// ended first, so that it spoils itself alone.
class AppendLog {
 public:
  explicit AppendLog(const std::filesystem::path& path);
  ~AppendLog();
  AppendLog(const AppendLog&) = delete;
  AppendLog& operator=(const AppendLog&) = delete;
  void append(std::string_view line);  // without the newline; must hold none
  // Puts on the disk what was appended, and every file that was written beside it.
  void flush();

 private:
  void end_half_line();

  int descriptor_ = -1;
  std::filesystem::path path_;
};

}  // namespace sameseed
