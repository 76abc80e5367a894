#include "io/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "io/error.h"
#include "io/json.h"

namespace sameseed {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const char* what) {
  throw UserError(fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno)));
}

void write_all(int descriptor, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path, "cannot be written");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void write_file(const std::filesystem::path& path, std::string_view bytes, FlushToDisk flush) {
  if (path.has_parent_path()) {
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error)
      throw UserError(fmt::format("{}: folder cannot be made: {}", path.parent_path().string(),
                                  error.message()));
  }
  std::string temporary = path.string() + ".XXXXXX";
  int descriptor = ::mkstemp(temporary.data());
  if (descriptor < 0) fail(path, "cannot be written");
  try {
    write_all(descriptor, bytes, path);
    if (::fchmod(descriptor, 0644) != 0 || (flush == FlushToDisk::kYes && ::fsync(descriptor) != 0))
      fail(path, "cannot be flushed");
    if (::close(std::exchange(descriptor, -1)) != 0) fail(path, "cannot be written");
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail(path, "cannot be put in place");
  } catch (...) {
    if (descriptor >= 0) ::close(descriptor);
    ::unlink(temporary.c_str());
    throw;
  }
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path))
    throw UserError(fmt::format(
        "{}: cannot be read: {}", path.string(),
        std::filesystem::exists(path) ? std::strerror(errno ? errno : EISDIR) : "no such file"));
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

nlohmann::json read_json(const std::filesystem::path& path) {
  return parse_json(read_file(path), path.string());
}

std::filesystem::path cache_file(const std::string& name) {
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  if (cache && *cache) return std::filesystem::path(cache) / "sameseed" / name;
  if (home && *home) return std::filesystem::path(home) / ".cache" / "sameseed" / name;
  return {};
}

AppendLog::AppendLog(const std::filesystem::path& path) : path_(path) {
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
  descriptor_ = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail(path_, "cannot be opened for appending");
  const off_t size = ::lseek(descriptor_, 0, SEEK_END);
  char last = '\n';
  if (size > 0 && ::pread(descriptor_, &last, 1, size - 1) == 1 && last != '\n')
    write_all(descriptor_, "\n", path_);
}

AppendLog::~AppendLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void AppendLog::append(std::string_view line) {
  const off_t size = ::lseek(descriptor_, 0, SEEK_END);
  try {
    write_all(descriptor_, std::string(line) + "\n", path_);
  } catch (const UserError&) {
    // A full disk takes part of a line: without it the log ends as it was.
    [[maybe_unused]] const int ignored = ::ftruncate(descriptor_, size);
    throw;
  }
}

}  // namespace sameseed
