#include "io/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <ostream>
#include <streambuf>
#include <utility>
#include <vector>

#include "io/error.h"
#include "io/input_file.h"
#include "io/json.h"

namespace sameseed {
namespace {

constexpr const char* kTemporary = ".tmp-";  // and six letters or digits

[[noreturn]] void fail(const std::filesystem::path& path, const char* what) {
  if (errno == ENOSPC || errno == EDQUOT)
    throw DiskFull(fmt::format("{}: {}: the disk is full; free some space", path.string(), what));
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

// So that a name given by rename() outlives a power loss.
void flush_folder(const std::filesystem::path& file) {
  const std::string folder = file.has_parent_path() ? file.parent_path().string() : ".";
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) fail(file, "its folder cannot be opened");
  const bool is_flushed = ::fsync(descriptor) == 0 || errno == EINVAL;  // not every system can
  ::close(descriptor);
  if (!is_flushed) fail(file, "its folder cannot be flushed");
}

// A stream into a file, by pieces of a megabyte.
class FileBuffer final : public std::streambuf {
 public:
  FileBuffer(int descriptor, const std::filesystem::path& path)
      : descriptor_(descriptor), path_(path), piece_(1 << 20) {
    setp(piece_.data(), piece_.data() + piece_.size());
  }
  // Throws as write_file() does.
  void write_rest() {
    write_all(descriptor_, {pbase(), static_cast<std::size_t>(pptr() - pbase())}, path_);
    setp(piece_.data(), piece_.data() + piece_.size());
  }

 private:
  int_type overflow(int_type next) override {
    write_rest();
    if (traits_type::eq_int_type(next, traits_type::eof())) return traits_type::not_eof(next);
    return sputc(traits_type::to_char_type(next));
  }

  const int descriptor_;
  const std::filesystem::path& path_;
  std::vector<char> piece_;
};

// `write` puts the bytes into an open file.
void write_and_rename(const std::filesystem::path& path, FlushToDisk flush,
                      const std::function<void(int descriptor)>& write) {
  if (path.has_parent_path()) {
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error)
      throw UserError(fmt::format("{}: folder cannot be made: {}", path.parent_path().string(),
                                  error.message()));
  }
  std::string temporary = path.string() + kTemporary + "XXXXXX";
  int descriptor = ::mkstemp(temporary.data());
  if (descriptor < 0) fail(path, "cannot be written");
  try {
    write(descriptor);
    if (::fchmod(descriptor, 0644) != 0 || (flush == FlushToDisk::kYes && ::fsync(descriptor) != 0))
      fail(path, "cannot be flushed");
    if (::close(std::exchange(descriptor, -1)) != 0) fail(path, "cannot be written");
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail(path, "cannot be put in place");
    if (flush == FlushToDisk::kYes) flush_folder(path);
  } catch (...) {
    if (descriptor >= 0) ::close(descriptor);
    ::unlink(temporary.c_str());  // no longer there where only the folder was not flushed
    throw;
  }
}

}  // namespace

void write_file(const std::filesystem::path& path, std::string_view bytes, FlushToDisk flush) {
  write_and_rename(path, flush, [&](int descriptor) { write_all(descriptor, bytes, path); });
}

void write_file(const std::filesystem::path& path, const std::function<void(std::ostream&)>& fill) {
  write_and_rename(path, FlushToDisk::kYes, [&](int descriptor) {
    FileBuffer buffer(descriptor, path);
    std::ostream out(&buffer);
    out.exceptions(std::ios::badbit);  // hands on what the buffer throws
    fill(out);
    buffer.write_rest();
  });
}

void flush_files_of(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) fail(folder, "cannot be opened");
  const bool is_flushed = ::syncfs(descriptor) == 0;
  const int error = errno;
  ::close(descriptor);
  errno = error;
  if (!is_flushed) fail(folder, "cannot be flushed");
}

std::string in_words(const std::filesystem::filesystem_error& error) {
  return fmt::format("{}: cannot be reached: {}", error.path1().string(), error.code().message());
}

void remove_temporaries(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  if (error) return;  // there is none
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename();
    const std::size_t at = name.rfind(kTemporary);
    if (at != std::string::npos && at + std::strlen(kTemporary) + 6 == name.size() &&
        entry.symlink_status(error).type() == std::filesystem::file_type::regular)
      std::filesystem::remove(entry.path(), error);
  }
}

std::string read_file(const std::filesystem::path& path) {
  InputFile file(path);
  std::string text(file.size(), '\0');
  std::size_t got = 0;
  for (;;) {
    if (got == text.size()) text.resize(text.size() + 4096);  // it grew, or its size is not told
    const std::size_t part = file.read(text.data() + got, text.size() - got);
    if (part == 0) break;
    got += part;
  }
  text.resize(got);
  return text;
}

void refuse_shared_file(int descriptor, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) fail(path, "cannot be looked at");
  if (!S_ISREG(status.st_mode))
    throw UserError(fmt::format("{}: is no regular file; remove it", path.string()));
  if (status.st_nlink > 1)
    throw UserError(fmt::format(
        "{}: has another name elsewhere (a hard link), and what is written here would change that "
        "file; replace it by a copy",
        path.string()));
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
  // O_NONBLOCK: a FIFO of this name would be waited for.
  descriptor_ =
      ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
  if (descriptor_ < 0) fail(path_, "cannot be opened for appending");
  try {
    refuse_shared_file(descriptor_, path_);
    end_half_line();
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

void AppendLog::end_half_line() {
  const off_t size = ::lseek(descriptor_, 0, SEEK_END);
  char last = '\n';
  if (size > 0 && ::pread(descriptor_, &last, 1, size - 1) == 1 && last != '\n')
    write_all(descriptor_, "\n", path_);
}

AppendLog::~AppendLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void AppendLog::flush() {
  // All of its file system at once: the pictures that the lines tell of lie there too, and a call
  // for each costs more than making small ones.
  if (::syncfs(descriptor_) != 0 || ::fdatasync(descriptor_) != 0) fail(path_, "cannot be flushed");
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
