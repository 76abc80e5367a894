// What the preloaded library does at a call: note it, count it, disturb it. No memory is taken and
// nothing is thrown: a call may come from anywhere, also between fork and exec.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/faults/entry.h"

namespace sameseed::faults {

constexpr std::size_t kLongestPath = 4096;

// A path as absolute text, whichever way a call named it.
class Path {
 public:
  static Path of(int descriptor);
  static Path of(const char* path);
  static Path of(int folder, const char* path);  // as openat() has them

  const char* text() const { return text_; }
  // Whether it lies in the folder that is watched; logs of workers never do.
  bool is_watched() const;

 private:
  void append(const char* text, std::size_t size);
  char text_[kLongestPath] = "";
};

enum class Act { kNone, kFail, kShort, kPretend };  // kPretend: say that it was done

// Counts a call of this process and says what is to become of it; kFail has set errno. Never
// returns where the process is to be killed.
Act act_at(Kind kind, const Path& path);
// The same for calls that name no file.
Act act_at(Kind kind);

// Calls and their notes are in the same order, in all processes of the family.
class Noted {
 public:
  Noted();
  ~Noted();
  Noted(const Noted&) = delete;
  Noted& operator=(const Noted&) = delete;
  void write(EntryHead head, const Path& path, const char* other = "", const void* data = nullptr,
             std::size_t size = 0) const;
};

bool is_noting();
bool is_program();    // sameseed itself, not a worker or the scorer
double clock_pace();  // how many seconds of its steady clock a second has
std::uint64_t inode_of(int descriptor);
std::uint64_t inode_of(const char* path);  // 0: nothing is there

}  // namespace sameseed::faults
