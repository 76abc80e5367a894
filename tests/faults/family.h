// The programs of the family in a folder of their own, where faults reach each of them: the program
// itself by its variables, workers and the scorer by a script that stands in their place.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/faults/entry.h"

namespace sameseed::faults {

// The n-th call of one kind that programs of one role make in the folder that is watched.
struct Fault {
  std::string role;  // "sameseed", "sameseed-worker null", "sameseed-worker noise", ...
  Kind kind = Kind::kOpen;
  std::size_t n = 1;
  std::string how;  // the name of an error, "short", "kill", or "lost": it says that it was done
  bool lasting = false;  // all calls from the n-th on

  std::string text() const;
};

// One call as it was noted.
struct Note {
  EntryHead head;
  std::string role, path, other, data;
};

struct Ending {
  int code = -1;       // exit code, or 128 + signal; -1: it hung and was killed
  std::string output;  // stdout and stderr
  std::string hit;     // which call was disturbed; empty: there was no such call
};

class Family {
 public:
  // Empties ROOT. Programs work in ROOT/now; ROOT/before is what it is put back to.
  explicit Family(const std::string& root);
  ~Family();
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;

  const std::filesystem::path& now() const { return now_; }
  const std::filesystem::path& root() const { return root_; }

  // Runs `sameseed WORDS` without faults and throws where it ends with another code.
  void expect(const std::vector<std::string>& words, int code = 0);
  Ending run(const std::vector<std::string>& words);
  Ending run(const std::vector<std::string>& words, const Fault& fault);
  // Without faults, and with a note of every call. `pace`: how fast the program's steady clock
  // goes.
  std::pair<Ending, std::vector<Note>> run_and_note(const std::vector<std::string>& words,
                                                    int pace = 1);
  // The command of an engine that faults reach, and that needs no LibTorch.
  std::string quick_engine() const { return (root_ / "bin/misbehaving_engine").string() + " none"; }

  void keep_as_before() const;
  void put_back() const;
  // Every file of ROOT that no command should touch: path -> SHA-256.
  std::map<std::string, std::string> outside() const;

 private:
  Ending start(const std::vector<std::string>& words,
               const std::map<std::string, std::string>& variables);

  std::filesystem::path root_, now_;
  std::string mark_;
};

// Writes FOLDER/m.json as write_matrix() does, with a switch that needs no engagement: the verdict
// on what is whole is code 0.
std::string write_quiet_matrix(const std::string& folder, const std::string& engine,
                               const std::vector<int>& seeds);

std::vector<Note> read_notes(const std::filesystem::path& file);

}  // namespace sameseed::faults
