// The C library's calls on files, each noted, counted and disturbed before the real one is made.
// Preloaded (LD_PRELOAD) into the programs under test; README.md says which variables rule it.
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "tests/faults/watch.h"

using namespace sameseed::faults;

namespace {

template <typename Function>
Function* real_of(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}
#define REAL(name) static auto* const real = real_of<decltype(::name)>(#name)

constexpr std::uint32_t kMade = 1, kEmptied = 2;

// Notes how a file came to be open, where that changed something.
template <typename Open>
int noted_open(const Path& path, bool may_make, bool empties, const Open& open) {
  if (act_at(Kind::kOpen, path) != Act::kNone) return -1;
  if (!is_noting() || !path.is_watched()) return open();
  const Noted noted;
  const bool was_there = inode_of(path.text()) != 0;
  const int descriptor = open();
  if (descriptor >= 0) {
    EntryHead head{.kind = Kind::kOpen};
    if (!was_there && may_make) head.flags |= kMade;
    if (was_there && empties) head.flags |= kEmptied;
    head.inode = inode_of(descriptor);
    noted.write(head, path);
  }
  return descriptor;
}

FILE* noted_stream(const Path& path, const char* mode, FILE* (*real)(const char*, const char*),
                   const char* name) {
  FILE* stream = nullptr;
  const bool empties = *mode == 'w';
  noted_open(path, empties || *mode == 'a', empties, [&] {
    stream = real(name, mode);
    return stream ? ::fileno(stream) : -1;
  });
  return stream;
}

// `at` < 0: where the descriptor stands.
template <typename Write>
ssize_t noted_write(int descriptor, const void* data, std::size_t size, off_t at,
                    const Write& write) {
  const Path path = Path::of(descriptor);
  const Act act = act_at(Kind::kWrite, path);
  if (act == Act::kFail) return -1;
  if (act == Act::kPretend) return static_cast<ssize_t>(size);
  if (act == Act::kShort && size > 1) size /= 2;
  if (!is_noting() || !path.is_watched()) return write(size);
  const Noted noted;
  const ssize_t written = write(size);
  if (written > 0) {
    const off_t start = at >= 0 ? at : ::lseek(descriptor, 0, SEEK_CUR) - written;
    noted.write({.kind = Kind::kWrite,
                 .inode = inode_of(descriptor),
                 .at = static_cast<std::uint64_t>(start)},
                path, "", data, static_cast<std::size_t>(written));
  }
  return written;
}

template <typename Read>
ssize_t noted_read(int descriptor, std::size_t size, const Read& read) {
  const Path path = Path::of(descriptor);
  const Act act = act_at(Kind::kRead, path);
  if (act == Act::kFail) return -1;
  if (act == Act::kPretend) return 0;
  if (is_noting() && path.is_watched()) Noted().write({.kind = Kind::kRead}, path);
  return read(act == Act::kShort && size > 1 ? size / 2 : size);
}

// Calls whose note is their kind, the file and its other name.
template <typename Call>
int noted_call(EntryHead head, const Path& path, const char* other, const Call& call) {
  if (const Act act = act_at(head.kind, path); act != Act::kNone)
    return act == Act::kPretend ? 0 : -1;
  if (!is_noting() || !path.is_watched()) return call();
  const Noted noted;
  const int result = call();
  if (result == 0) noted.write(head, path, other);
  return result;
}

int noted_sync(int descriptor, bool all, int (*real)(int)) {
  return noted_call({.kind = Kind::kSync, .flags = all, .inode = inode_of(descriptor)},
                    Path::of(descriptor), "", [&] { return real(descriptor); });
}

template <typename Call>
int looked_at(const Path& path, const Call& call) {
  return noted_call({.kind = Kind::kStat}, path, "", call);
}

template <typename Call>
int two_names(Kind kind, const Path& from, const Path& to, const Call& call) {
  return noted_call({.kind = kind}, to, from.text(), call);
}

template <typename Call>
int cut_to(const Path& path, std::uint64_t inode, off_t size, const Call& call) {
  return noted_call(
      {.kind = Kind::kTruncate, .inode = inode, .at = static_cast<std::uint64_t>(size)}, path, "",
      call);
}

mode_t mode_of(int flags, va_list list) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
}

}  // namespace

extern "C" {

#define OPEN_CALL(name)                                                 \
  int name(const char* file, int flags, ...) {                          \
    REAL(name);                                                         \
    va_list list;                                                       \
    va_start(list, flags);                                              \
    const mode_t mode = mode_of(flags, list);                           \
    va_end(list);                                                       \
    return noted_open(Path::of(file), flags & O_CREAT, flags & O_TRUNC, \
                      [&] { return real(file, flags, mode); });         \
  }
#define OPENAT_CALL(name)                                                       \
  int name(int folder, const char* file, int flags, ...) {                      \
    REAL(name);                                                                 \
    va_list list;                                                               \
    va_start(list, flags);                                                      \
    const mode_t mode = mode_of(flags, list);                                   \
    va_end(list);                                                               \
    return noted_open(Path::of(folder, file), flags & O_CREAT, flags & O_TRUNC, \
                      [&] { return real(folder, file, flags, mode); });         \
  }
OPEN_CALL(open)
OPEN_CALL(open64)
OPENAT_CALL(openat)
OPENAT_CALL(openat64)

#define STREAM_CALL(name)                                  \
  FILE* name(const char* file, const char* mode) {         \
    REAL(name);                                            \
    return noted_stream(Path::of(file), mode, real, file); \
  }
STREAM_CALL(fopen)
STREAM_CALL(fopen64)
DIR* opendir(const char* folder) {
  REAL(opendir);
  const Path path = Path::of(folder);
  if (act_at(Kind::kOpen, path) != Act::kNone) return nullptr;
  if (is_noting() && path.is_watched()) Noted().write({.kind = Kind::kOpen}, path);
  return real(folder);
}

// The name is known only afterwards.
static int noted_temporary(char* name, int (*real)(char*)) {
  if (act_at(Kind::kOpen, Path::of(name)) != Act::kNone) return -1;
  if (!is_noting() || !Path::of(name).is_watched()) return real(name);
  const Noted noted;
  const int descriptor = real(name);
  if (descriptor >= 0)
    noted.write({.kind = Kind::kOpen, .flags = kMade, .inode = inode_of(descriptor)},
                Path::of(name));
  return descriptor;
}
int mkstemp(char* name) {
  REAL(mkstemp);
  return noted_temporary(name, real);
}
int mkstemp64(char* name) {
  REAL(mkstemp64);
  return noted_temporary(name, real);
}

ssize_t write(int descriptor, const void* data, std::size_t size) {
  REAL(write);
  return noted_write(descriptor, data, size, -1,
                     [&](std::size_t part) { return real(descriptor, data, part); });
}
#define PWRITE_CALL(name, offset_type)                                                      \
  ssize_t name(int descriptor, const void* data, std::size_t size, offset_type at) {        \
    REAL(name);                                                                             \
    return noted_write(descriptor, data, size, at,                                          \
                       [&](std::size_t part) { return real(descriptor, data, part, at); }); \
  }
PWRITE_CALL(pwrite, off_t)
PWRITE_CALL(pwrite64, off64_t)
// Part by part, which a caller has to expect anyway.
ssize_t writev(int descriptor, const iovec* parts, int count) {
  if (!Path::of(descriptor).is_watched()) {
    REAL(writev);
    return real(descriptor, parts, count);
  }
  for (int i = 0; i < count; ++i)
    if (parts[i].iov_len > 0) return ::write(descriptor, parts[i].iov_base, parts[i].iov_len);
  return 0;
}

ssize_t read(int descriptor, void* data, std::size_t size) {
  REAL(read);
  return noted_read(descriptor, size,
                    [&](std::size_t part) { return real(descriptor, data, part); });
}
#define PREAD_CALL(name, offset_type)                                                      \
  ssize_t name(int descriptor, void* data, std::size_t size, offset_type at) {             \
    REAL(name);                                                                            \
    return noted_read(descriptor, size,                                                    \
                      [&](std::size_t part) { return real(descriptor, data, part, at); }); \
  }
PREAD_CALL(pread, off_t)
PREAD_CALL(pread64, off64_t)

// Copies that the kernel makes show no bytes: whoever asks falls back to reading and writing.
ssize_t sendfile(int, int, off_t*, std::size_t) {
  errno = EINVAL;
  return -1;
}
ssize_t sendfile64(int, int, off64_t*, std::size_t) {
  errno = EINVAL;
  return -1;
}
ssize_t copy_file_range(int, off64_t*, int, off64_t*, std::size_t, unsigned) {
  errno = EINVAL;
  return -1;
}

int fsync(int descriptor) {
  REAL(fsync);
  return noted_sync(descriptor, false, real);
}
int fdatasync(int descriptor) {
  REAL(fdatasync);
  return noted_sync(descriptor, false, real);
}
int syncfs(int descriptor) noexcept {
  REAL(syncfs);
  return noted_sync(descriptor, true, real);
}

// It is closed whatever it says.
int close(int descriptor) {
  REAL(close);
  const Path path = Path::of(descriptor);
  const Act act = act_at(Kind::kClose, path);
  if (is_noting() && path.is_watched()) Noted().write({.kind = Kind::kClose}, path);
  const int error = errno, result = real(descriptor);
  if (act != Act::kFail) return result;
  errno = error;
  return -1;
}

int rename(const char* from, const char* to) noexcept {
  REAL(rename);
  return two_names(Kind::kRename, Path::of(from), Path::of(to), [&] { return real(from, to); });
}
int renameat(int folder, const char* from, int other, const char* to) noexcept {
  REAL(renameat);
  return two_names(Kind::kRename, Path::of(folder, from), Path::of(other, to),
                   [&] { return real(folder, from, other, to); });
}
int link(const char* from, const char* to) noexcept {
  REAL(link);
  return two_names(Kind::kLink, Path::of(from), Path::of(to), [&] { return real(from, to); });
}
int mkdir(const char* folder, mode_t mode) noexcept {
  REAL(mkdir);
  return noted_call({.kind = Kind::kMkdir}, Path::of(folder), "",
                    [&] { return real(folder, mode); });
}
int unlink(const char* file) noexcept {
  REAL(unlink);
  return noted_call({.kind = Kind::kUnlink}, Path::of(file), "", [&] { return real(file); });
}
int rmdir(const char* folder) noexcept {
  REAL(rmdir);
  return noted_call({.kind = Kind::kUnlink}, Path::of(folder), "", [&] { return real(folder); });
}
int remove(const char* file) noexcept {
  REAL(remove);
  return noted_call({.kind = Kind::kUnlink}, Path::of(file), "", [&] { return real(file); });
}
int unlinkat(int folder, const char* file, int flags) noexcept {
  REAL(unlinkat);
  return noted_call({.kind = Kind::kUnlink}, Path::of(folder, file), "",
                    [&] { return real(folder, file, flags); });
}
int flock(int descriptor, int how) noexcept {
  REAL(flock);
  return noted_call({.kind = Kind::kLock}, Path::of(descriptor), "",
                    [&] { return real(descriptor, how); });
}
#define CUT_CALL(name, size_type)                                   \
  int name(int descriptor, size_type size) noexcept {               \
    REAL(name);                                                     \
    return cut_to(Path::of(descriptor), inode_of(descriptor), size, \
                  [&] { return real(descriptor, size); });          \
  }
CUT_CALL(ftruncate, off_t)
CUT_CALL(ftruncate64, off64_t)
int truncate(const char* file, off_t size) noexcept {
  REAL(truncate);
  return cut_to(Path::of(file), inode_of(file), size, [&] { return real(file, size); });
}
int fchmod(int descriptor, mode_t mode) noexcept {
  REAL(fchmod);
  return noted_call({.kind = Kind::kMode}, Path::of(descriptor), "",
                    [&] { return real(descriptor, mode); });
}

#define STAT_CALL(name, type, file_type)                                  \
  int name(file_type file, struct type* status) noexcept {                \
    REAL(name);                                                           \
    return looked_at(Path::of(file), [&] { return real(file, status); }); \
  }
STAT_CALL(stat, stat, const char*)
STAT_CALL(lstat, stat, const char*)
STAT_CALL(fstat, stat, int)
STAT_CALL(stat64, stat64, const char*)
STAT_CALL(lstat64, stat64, const char*)
STAT_CALL(fstat64, stat64, int)

#define MAP_CALL(name, offset_type)                                                    \
  void* name(void* at, std::size_t size, int protection, int flags, int descriptor,    \
             offset_type offset) noexcept {                                            \
    REAL(name);                                                                        \
    if (descriptor >= 0) {                                                             \
      const Path path = Path::of(descriptor);                                          \
      if (act_at(Kind::kMap, path) != Act::kNone) return MAP_FAILED;                   \
      if (is_noting() && path.is_watched()) Noted().write({.kind = Kind::kMap}, path); \
    }                                                                                  \
    return real(at, size, protection, flags, descriptor, offset);                      \
  }
MAP_CALL(mmap, off_t)
MAP_CALL(mmap64, off64_t)

std::size_t fwrite(const void* data, std::size_t size, std::size_t count, FILE* stream) {
  REAL(fwrite);
  if (is_noting() && stream == stderr && is_program())
    Noted().write({.kind = Kind::kSay}, Path(), "", data, size * count);
  return real(data, size, count, stream);
}

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  REAL(clock_gettime);
  const int result = real(clock, time);
  if (clock == CLOCK_MONOTONIC && clock_pace() != 1) {
    constexpr double kNanoseconds = 1e9;
    static const double began = static_cast<double>(time->tv_sec);
    const double passed = (static_cast<double>(time->tv_sec) - began +
                           static_cast<double>(time->tv_nsec) / kNanoseconds) *
                          clock_pace();
    const double whole = ::floor(passed);
    time->tv_sec = static_cast<time_t>(began + whole);
    time->tv_nsec = static_cast<long>((passed - whole) * kNanoseconds);
  }
  return result;
}

static void note_start() {
  if (is_noting()) Noted().write({.kind = Kind::kStart}, Path());
}
pid_t fork() noexcept {
  REAL(fork);
  if (act_at(Kind::kStart) != Act::kNone) return -1;
  note_start();
  return real();
}
int pipe2(int* ends, int flags) noexcept {
  REAL(pipe2);
  if (act_at(Kind::kStart) != Act::kNone) return -1;
  note_start();
  return real(ends, flags);
}
int posix_spawnp(pid_t* pid, const char* file, const posix_spawn_file_actions_t* actions,
                 const posix_spawnattr_t* attributes, char* const arguments[],
                 char* const variables[]) noexcept {
  REAL(posix_spawnp);
  if (act_at(Kind::kStart) != Act::kNone) return errno;
  note_start();
  return real(pid, file, actions, attributes, arguments, variables);
}

}  // extern "C"
