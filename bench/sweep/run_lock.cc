#include "bench/sweep/run_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "bench/system/clock.h"
#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

// What a run writes to must lie in its folder: whoever made the link could have meant any file.
void refuse_links(const std::filesystem::path& run) {
  for (const auto& entry : std::filesystem::directory_iterator(run))
    if (entry.is_symlink())
      throw UserError(
          fmt::format("{}: is a symbolic link, and a run writes only inside its own "
                      "folder; remove it or copy what it points to",
                      entry.path().string()));
}

std::string holder() {
  utsname system{};
  ::uname(&system);
  return fmt::format("process {} on {}, since {}", ::getpid(), system.nodename, now());
}

}  // namespace

RunLock::RunLock(const std::filesystem::path& run) {
  std::error_code error;
  std::filesystem::create_directories(run, error);
  if (error)
    throw UserError(fmt::format("{}: folder cannot be made: {}", run.string(), error.message()));
  refuse_links(run);
  const std::filesystem::path file = run / "lock";
  descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (descriptor_ < 0)
    throw UserError(fmt::format("{}: cannot be written: {}", file.string(), std::strerror(errno)));
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const std::string who = read_file(file);
    ::close(descriptor_);
    throw UserError(fmt::format("{}: in use by {}; wait for it, or name another folder",
                                run.string(), who.empty() ? "another process" : who));
  }
  const std::string text = holder();
  if (::ftruncate(descriptor_, 0) != 0 ||
      ::pwrite(descriptor_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    const int problem = errno;
    ::close(descriptor_);
    throw UserError(
        fmt::format("{}: cannot be written: {}", file.string(), std::strerror(problem)));
  }
}

RunLock::~RunLock() { ::close(descriptor_); }

}  // namespace sameseed
