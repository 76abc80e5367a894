// A private folder, removed when the object is destroyed.
#pragma once

#include <filesystem>
#include <string>

namespace sameseed {

// Below TMPDIR or, where that is no folder that can be written to, below /tmp, with a word on
// stderr.
class TemporaryFolder {
 public:
  TemporaryFolder();  // throws UserError that names TMPDIR where neither can be
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace sameseed
