// Which states a power cut may leave of a folder, from the notes of the calls that filled it.
//
// The model is that of ext4 with data=ordered and delayed allocation, less what it promises beyond
// POSIX. Names (files made, renamed, linked, removed; folders made) reach the disk in order: a cut
// loses the last of them, none before the last syncfs() or fsync() of a folder. The bytes of a file
// are apart from its name: those since its last fsync(), fdatasync() or syncfs() may be there,
// gone, or there to some place, so that a file renamed without a sync may be empty under its last
// name.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/faults/family.h"

namespace sameseed::faults {

// Defects that a test of power cuts has to find.
enum class Planted {
  kNone,
  kNoSync,       // what was synced was not
  kRecordFirst,  // pictures reach the disk after the sync that follows their record
};

class Replay {
 public:
  // `before`: what lay in the folder that was watched, `folder`, all of it on the disk.
  Replay(const std::filesystem::path& before, const std::filesystem::path& folder,
         std::vector<Note> notes, Planted planted = Planted::kNone);

  std::size_t calls() const { return notes_.size(); }

  // Writes to the folder, which it empties first, one state that a cut just before the call may
  // leave.
  void write_state(std::size_t cut, std::mt19937_64& random) const;

  // A call to cut before: any; or, every second time, one just behind a line of progress; or none,
  // every fourth time: the command has ended.
  std::size_t cut_point(std::mt19937_64& random) const;

  // How many samples progress had counted before the call.
  std::size_t promised(std::size_t cut) const;

 private:
  using File = std::size_t;  // a place in files_

  // A change of the bytes of one file.
  struct Change {
    std::size_t call = 0;
    bool cuts = false;  // to `at` bytes
    std::size_t at = 0;
    std::string bytes = {};
  };
  struct Name {  // a change of names
    std::size_t call = 0;
    std::string path = {}, gone = {};  // what is there after it; what is not
    File file = 0;
    bool folder = false;
  };
  struct Bytes {
    std::string before;
    std::vector<Change> changes;
    std::vector<std::size_t> syncs;  // calls
  };

  void read(const std::filesystem::path& before);
  void take(std::size_t call, const Note& note);
  std::string content(const Bytes& file, std::size_t cut, std::mt19937_64& random) const;

  std::filesystem::path folder_;
  std::vector<Note> notes_;
  std::vector<Bytes> files_;
  std::map<std::string, File> first_names_;
  std::vector<std::string> first_folders_;
  std::vector<Name> names_;
  std::vector<std::size_t> name_syncs_, all_syncs_;  // calls

  std::map<std::string, File> live_;             // while the notes are read
  std::map<std::uint64_t, File> file_of_inode_;  // a number may be given anew
};

}  // namespace sameseed::faults
