// Which algorithm each product and convolution of the accelerated path takes. They are timed once
// for a shape and kept in a file, so that the next process takes the same; "same flags, another
// engine" is a real cause of other pixels.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace sameseed::cuda {

class Choices {
 public:
  // `file`: where choices are kept between processes; empty: nowhere. `machine` names all that they
  // depend on: GPU, driver, library versions; a file of another machine is not read.
  Choices(std::filesystem::path file, std::string machine);

  // What was chosen for this operation, or null.
  nlohmann::json find(const std::string& operation) const;

  // Keeps a choice: {"algorithm": what finds it again, "ms": its median, "tried": how many, ...}.
  void keep(const std::string& operation, nlohmann::json choice);

  // Writes what is new, joined with what other processes wrote meanwhile. Where nothing can be
  // written, it says so on stderr.
  void save();

  // All choices that were taken in this process, by operation.
  const nlohmann::json& taken() const { return taken_; }
  double search_ms() const { return search_ms_; }
  void add_search(double ms) { search_ms_ += ms; }

 private:
  nlohmann::json read() const;

  std::filesystem::path file_;
  std::string machine_;
  nlohmann::json known_;
  mutable nlohmann::json taken_ = nlohmann::json::object();
  bool changed_ = false;
  double search_ms_ = 0;
};

// ($XDG_CACHE_HOME or ~/.cache)/sameseed/algorithms-….json for this machine; empty where neither
// variable is set.
std::filesystem::path choices_file(const std::string& machine);

}  // namespace sameseed::cuda
