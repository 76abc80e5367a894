// Which algorithm each product and convolution of the accelerated path takes. They are timed once
// for a shape and kept in a file, so that every process takes the same; "same flags, another
// engine" is a real cause of other pixels.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace sameseed::cuda {

// A file that one process at a time holds locked. Its lock goes with the process, however that
// ends.
class SearchLock {
 public:
  explicit SearchLock(std::filesystem::path file) : file_(std::move(file)) {}
  ~SearchLock() { release(); }
  SearchLock(const SearchLock&) = delete;
  SearchLock& operator=(const SearchLock&) = delete;

  // Waits for it, but not for ever, and never again after that: whoever has it may hang, and
  // without it only time is lost.
  void take();
  void release();

 private:
  std::filesystem::path file_;
  int descriptor_ = -1;
  bool waited_in_vain_ = false;
};

class Choices {
 public:
  // `file`: where choices are kept between processes; empty: nowhere. `machine` names all that they
  // depend on: GPU, driver, library versions; a file of another machine is not read.
  Choices(std::filesystem::path file, std::string machine);

  // What was chosen for this operation, by this process or another one so far; or null. The caller
  // then searches: until keep(), or the next save(), other processes that lack a choice wait, so
  // that two never take different algorithms, nor disturb each other's timings.
  nlohmann::json find(const std::string& operation);

  // Keeps a choice: {"algorithm": what finds it again, "ms": its median, "tried": how many, ...}.
  // Other processes find it from now on.
  void keep(const std::string& operation, nlohmann::json choice);

  // Puts on the disk what is new. Where nothing can be written, it says so on stderr.
  void save();

  // All choices that were taken in this process, by operation.
  const nlohmann::json& taken() const { return taken_; }
  double search_ms() const { return search_ms_; }
  void add_search(double ms) { search_ms_ += ms; }

 private:
  nlohmann::json read() const;
  void take_in();
  void write(bool to_disk);

  std::filesystem::path file_;
  std::string machine_;
  SearchLock lock_;
  nlohmann::json known_;
  nlohmann::json taken_ = nlohmann::json::object();
  std::vector<std::string> searching_;  // the innermost last: a search may need another one
  bool changed_ = false;
  double search_ms_ = 0;
};

// ($XDG_CACHE_HOME or ~/.cache)/sameseed/algorithms-….json for this machine; empty where neither
// variable is set.
std::filesystem::path choices_file(const std::string& machine);

}  // namespace sameseed::cuda
