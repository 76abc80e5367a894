#include "io/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "io/error.h"

namespace sameseed {
namespace {

[[noreturn]] void cannot_read(const std::filesystem::path& path, const std::string& why) {
  throw UserError(fmt::format("{}: cannot be read: {}", path.string(), why));
}

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

InputFile::InputFile(std::filesystem::path path) : path_(std::move(path)) {
  do {
    descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  } while (descriptor_ < 0 && errno == EINTR);
  if (descriptor_ < 0) cannot_read(path_, errno == ENOENT ? "no such file" : std::strerror(errno));
  struct stat status {};
  if (::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode)) {
    size_ = static_cast<std::size_t>(status.st_size);
    return;
  }
  const std::string why =
      status.st_mode == 0
          ? std::strerror(errno)
          : fmt::format("it is {}, and no file{}", kind_of(status.st_mode),
                        S_ISFIFO(status.st_mode) ? "; write what comes out of it to a file" : "");
  ::close(descriptor_);
  cannot_read(path_, why);
}

InputFile::~InputFile() { ::close(descriptor_); }

std::size_t InputFile::read(char* to, std::size_t size) {
  for (;;) {
    const ssize_t got = ::read(descriptor_, to, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) cannot_read(path_, std::strerror(errno));
  }
}

bool is_absent(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) return false;
  if (errno == ENOENT || errno == ENOTDIR) return true;
  cannot_read(path, std::strerror(errno));
}

}  // namespace sameseed
