// One call as the preloaded library notes it, in a file of entries that follow each other: this
// head, then `path`, `other` and `data`, as many bytes as it says.
#pragma once

#include <cstdint>

namespace sameseed::faults {

enum class Kind : std::uint32_t {
  kOpen,
  kRead,
  kWrite,
  kSync,
  kRename,
  kClose,
  kMkdir,
  kUnlink,
  kLock,
  kTruncate,
  kMap,
  kLink,
  kStat,
  kMode,
  kStart,  // of another process: fork, spawn, pipe
  kSay,    // a piece of what goes to stderr; noted only
  kCount
};

inline constexpr const char* kKindNames[] = {
    "open", "read",     "write", "sync", "rename", "close", "mkdir", "unlink",
    "lock", "truncate", "mmap",  "link", "stat",   "chmod", "start", "say"};
static_assert(sizeof kKindNames / sizeof *kKindNames == static_cast<unsigned>(Kind::kCount));

struct EntryHead {
  Kind kind = Kind::kOpen;
  std::uint32_t flags = 0;  // of kOpen: 1 it made the file, 2 it emptied it; of kSync: 1 all files
  std::uint64_t inode = 0;  // of the file that was opened, written, synced or cut
  std::uint64_t at = 0;     // where the bytes went, or the length that it was cut to
  std::uint32_t role = 0, path = 0, other = 0, data = 0;  // bytes of each text
};

}  // namespace sameseed::faults
