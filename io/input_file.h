// Files that are read. Folders of runs and models come from anywhere, so what stands in place of a
// file may be anything.
#pragma once

#include <cstddef>
#include <filesystem>

namespace sameseed {

// A regular file, open to be read. Opening never waits, as it would for a FIFO.
class InputFile {
 public:
  // Throws UserError that names the file: where it is not there, no regular file, or cannot be
  // read.
  explicit InputFile(std::filesystem::path path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  // The next bytes, up to `size`; 0 at the end of the file. Throws UserError on an error, which is
  // never taken for the end.
  std::size_t read(char* to, std::size_t size);

  int descriptor() const { return descriptor_; }
  std::size_t size() const { return size_; }  // when it was opened

 private:
  const std::filesystem::path path_;
  int descriptor_ = -1;
  std::size_t size_ = 0;
};

// Whether nothing has this name. Throws UserError where that cannot be told: an error is no
// absence.
bool is_absent(const std::filesystem::path& path);

}  // namespace sameseed
