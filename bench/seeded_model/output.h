// Files that several threads write at once, in a folder that appears whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace sameseed {

// A new file. Throws UserError where it cannot be made or written.
class OutputFile {
 public:
  explicit OutputFile(std::filesystem::path path);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  // Safe to call from several threads.
  void write(std::span<const std::byte> bytes, std::uint64_t at) const;

 private:
  std::filesystem::path path_;
  int descriptor_;
};

// A folder beside `out`, which is renamed to it once it is whole, and else removed.
class UnfinishedFolder {
 public:
  explicit UnfinishedFolder(std::filesystem::path out);
  UnfinishedFolder(const UnfinishedFolder&) = delete;
  UnfinishedFolder& operator=(const UnfinishedFolder&) = delete;
  ~UnfinishedFolder();

  std::filesystem::path path() const { return path_; }
  void put_in_place();

 private:
  std::filesystem::path out_;
  std::string path_;
};

}  // namespace sameseed
