#include "tests/faults/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>

// System calls are made by number here: their names are the library's own.
namespace sameseed::faults {
namespace {

struct Error {
  const char* name;
  int number;
};
constexpr Error kErrors[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC}, {"ENOMEM", ENOMEM},
                             {"EMFILE", EMFILE}, {"EINTR", EINTR},   {"ENOLCK", ENOLCK},
                             {"EAGAIN", EAGAIN}};

const char* variable(const char* name) {
  const char* text = ::getenv(name);
  return text ? text : "";
}

// Read once, before main.
struct Settings {
  char folder[kLongestPath] = "", role[4096] = "", hit[kLongestPath] = "";
  bool is_counted = false;  // this process is the one that is to be disturbed
  Kind kind = Kind::kCount;
  std::uint64_t n = 0;
  int error = 0;
  bool cut = false, kill = false, pretend = false, lasting = false;
  std::atomic<std::uint64_t>* counter = nullptr;
  int notes = -1;
  double pace = 1;

  Settings() {
    ::strncat(folder, variable("SAMESEED_FAULT_FOLDER"), sizeof folder - 1);
    if (!*folder) return;
    read_role();
    const char* file = variable("SAMESEED_FAULT_NOTES");
    if (*file) notes = high(open_file(file));
    if (::strcmp(role, "sameseed") == 0 && *variable("SAMESEED_FAULT_CLOCK"))
      pace = ::atof(variable("SAMESEED_FAULT_CLOCK"));
    ::strncat(hit, variable("SAMESEED_FAULT_HIT"), sizeof hit - 1);
    if (::strcmp(role, variable("SAMESEED_FAULT_ROLE")) != 0) return;
    const char* wanted = variable("SAMESEED_FAULT_CALL");
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(Kind::kCount); ++i)
      if (::strcmp(wanted, kKindNames[i]) == 0) kind = static_cast<Kind>(i);
    n = ::strtoull(variable("SAMESEED_FAULT_N"), nullptr, 10);
    const char* how = variable("SAMESEED_FAULT_DO");
    cut = ::strcmp(how, "short") == 0;
    kill = ::strcmp(how, "kill") == 0;
    pretend = ::strcmp(how, "lost") == 0;
    lasting = *variable("SAMESEED_FAULT_LASTING") != 0;
    for (const Error& one : kErrors)
      if (::strcmp(how, one.name) == 0) error = one.number;
    const int counted = open_file(variable("SAMESEED_FAULT_COUNTER"));
    if (counted < 0 || ::syscall(SYS_ftruncate, counted, 8) != 0) return;
    void* at = reinterpret_cast<void*>(
        ::syscall(SYS_mmap, nullptr, 8, PROT_READ | PROT_WRITE, MAP_SHARED, counted, 0));
    ::syscall(SYS_close, counted);
    if (at == MAP_FAILED) return;
    counter = static_cast<std::atomic<std::uint64_t>*>(at);
    is_counted = true;
  }

 private:
  static int open_file(const char* path) {
    return static_cast<int>(
        ::syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  }
  // Out of the way of numbers that programs choose themselves.
  static int high(int descriptor) {
    const int moved = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 500);
    ::syscall(SYS_close, descriptor);
    return moved;
  }
  // "sameseed", "sameseed-scorer", "sameseed-worker noise": a worker by its engine as well.
  void read_role() {
    char text[1024] = "";
    const int file =
        static_cast<int>(::syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY, 0));
    const long size = ::syscall(SYS_read, file, text, sizeof text - 1);
    ::syscall(SYS_close, file);
    const char* slash = ::strrchr(text, '/');  // the first word ends with the first zero byte
    ::strcpy(role, slash ? slash + 1 : text);
    const std::size_t first = ::strlen(text) + 1;
    if (::strcmp(role, "sameseed-worker") != 0 || size <= static_cast<long>(first)) return;
    ::strcat(role, " ");
    ::strcat(role, text + first);
  }
};

// Made at the first call: other libraries' constructors make calls too.
Settings& settings() {
  static Settings all;
  return all;
}

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void note_hit(Kind kind, const char* path) {
  const Settings& set = settings();
  if (!*set.hit) return;
  const int file = static_cast<int>(
      ::syscall(SYS_openat, AT_FDCWD, set.hit, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  const char* name = kKindNames[static_cast<std::uint32_t>(kind)];
  iovec parts[] = {{const_cast<char*>(name), ::strlen(name)},
                   {const_cast<char*>(" "), 1},
                   {const_cast<char*>(path), ::strlen(path)},
                   {const_cast<char*>("\n"), 1}};
  ::syscall(SYS_writev, file, parts, 4);
  ::syscall(SYS_close, file);
}

Act act_on(Kind kind, const char* path) {
  Settings& set = settings();
  if (!set.is_counted || kind != set.kind) return Act::kNone;
  const std::uint64_t number = ++*set.counter;
  if (set.lasting ? number < set.n : number != set.n) return Act::kNone;
  if (number == set.n) note_hit(kind, path);
  if (set.kill) ::syscall(SYS_kill, ::getpid(), SIGKILL);
  if (set.cut) return Act::kShort;
  if (set.pretend) return Act::kPretend;
  errno = set.error;
  return Act::kFail;
}

}  // namespace

void Path::append(const char* text, std::size_t size) {
  const std::size_t used = ::strlen(text_);
  if (used + size >= sizeof text_) return;
  ::memcpy(text_ + used, text, size);
  text_[used + size] = '\0';
}

Path Path::of(int descriptor) {
  Path path;
  if (descriptor == AT_FDCWD) {
    ::syscall(SYS_getcwd, path.text_, sizeof path.text_);
    return path;
  }
  char link[64] = "/proc/self/fd/";
  char digits[16];
  int length = 0;
  for (unsigned rest = static_cast<unsigned>(descriptor); length == 0 || rest > 0; rest /= 10)
    digits[length++] = static_cast<char>('0' + rest % 10);
  for (std::size_t at = ::strlen(link); length > 0;) link[at++] = digits[--length];
  const long size = ::syscall(SYS_readlinkat, AT_FDCWD, link, path.text_, sizeof path.text_ - 1);
  path.text_[size > 0 ? size : 0] = '\0';
  return path;
}

Path Path::of(int folder, const char* name) {
  Path path;
  if (!name) return path;
  if (*name != '/') {
    path = of(folder);
    path.append("/", 1);
  }
  path.append(name, ::strlen(name));
  return path;
}

Path Path::of(const char* name) { return of(AT_FDCWD, name); }

bool Path::is_watched() const {
  const Settings& set = settings();
  const std::size_t size = ::strlen(set.folder);
  return size > 0 && ::strncmp(text_, set.folder, size) == 0 &&
         (text_[size] == '/' || text_[size] == '\0') && !::strstr(text_ + size, "/logs") &&
         !::strstr(text_ + size, "/home");
}

Act act_at(Kind kind, const Path& path) {
  return path.is_watched() ? act_on(kind, path.text()) : Act::kNone;
}

Act act_at(Kind kind) { return act_on(kind, ""); }

bool is_noting() { return settings().notes >= 0; }

bool is_program() { return ::strcmp(settings().role, "sameseed") == 0; }

double clock_pace() { return settings().pace; }

Noted::Noted() {
  if (!is_noting()) return;
  ::pthread_mutex_lock(&mutex);
  while (::syscall(SYS_flock, settings().notes, LOCK_EX) != 0 && errno == EINTR) {
  }
}

Noted::~Noted() {
  if (!is_noting()) return;
  const int error = errno;
  ::syscall(SYS_flock, settings().notes, LOCK_UN);
  ::pthread_mutex_unlock(&mutex);
  errno = error;
}

void Noted::write(EntryHead head, const Path& path, const char* other, const void* data,
                  std::size_t size) const {
  const Settings& set = settings();
  if (set.notes < 0) return;
  const int error = errno;
  head.role = static_cast<std::uint32_t>(::strlen(set.role));
  head.path = static_cast<std::uint32_t>(::strlen(path.text()));
  head.other = static_cast<std::uint32_t>(::strlen(other));
  head.data = static_cast<std::uint32_t>(size);
  iovec parts[] = {{&head, sizeof head},
                   {const_cast<char*>(set.role), head.role},
                   {const_cast<char*>(path.text()), head.path},
                   {const_cast<char*>(other), head.other},
                   {const_cast<void*>(data), size}};
  ::syscall(SYS_writev, set.notes, parts, 5);
  errno = error;
}

std::uint64_t inode_of(int descriptor) {
  struct stat status {};
  return ::syscall(SYS_fstat, descriptor, &status) == 0 ? status.st_ino : 0;
}

std::uint64_t inode_of(const char* path) {
  struct stat status {};
  const int error = errno;
  const bool found = ::syscall(SYS_newfstatat, AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
  errno = error;
  return found ? status.st_ino : 0;
}

}  // namespace sameseed::faults
