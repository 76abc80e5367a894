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
#include "reports/run/labels.h"

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

// Only one answer means that somebody has it.
void take(int descriptor, int how, const std::filesystem::path& run) {
  if (::flock(descriptor, how | LOCK_NB) == 0) return;
  const int error = errno;
  if (error == EWOULDBLOCK) {
    const std::string who = read_file(run / "lock");
    throw UserError(fmt::format("{}: in use by {}; wait for it, or name another folder",
                                run.string(), who.empty() ? "another process" : one_line(who)));
  }
  throw UserError(
      fmt::format("{}: its file system has no locks ({}), and a second program could not be kept "
                  "out; put the run on another one, or mount it with locks (Lustre: `-o flock`)",
                  run.string(), std::strerror(error)));
}

}  // namespace

RunLock::RunLock(const std::filesystem::path& run) {
  std::error_code error;
  std::filesystem::create_directories(run, error);
  if (error)
    throw UserError(fmt::format("{}: folder cannot be made: {}", run.string(), error.message()));
  refuse_links(run);
  const std::filesystem::path file = run / "lock";
  descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
  if (descriptor_ < 0)
    throw UserError(fmt::format("{}: cannot be written: {}", file.string(), std::strerror(errno)));
  try {
    refuse_shared_file(descriptor_, file);
    take(descriptor_, LOCK_EX, run);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
  const std::string text = holder();
  if (::ftruncate(descriptor_, 0) != 0 ||
      ::pwrite(descriptor_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    const int problem = errno;
    ::close(descriptor_);
    throw UserError(
        fmt::format("{}: cannot be written: {}", file.string(), std::strerror(problem)));
  }
  for (const char* folder : {"", "maps"}) remove_temporaries(run / folder);
}

RunLock::~RunLock() { ::close(descriptor_); }

ReadLock::ReadLock(const std::filesystem::path& run) {
  const std::filesystem::path file = run / "lock";
  if (is_absent(file)) return;  // nobody ever worked on it
  file_.emplace(file);
  take(file_->descriptor(), LOCK_SH, run);
}

}  // namespace sameseed
