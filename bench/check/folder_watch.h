// Which files of a folder were written to under the very names that they now have.
#pragma once

#include <set>
#include <string>

namespace sameseed {

class FolderWatch {
 public:
  explicit FolderWatch(const std::string& folder);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  // Names of the files that were written to since the last call.
  std::set<std::string> written() const;

 private:
  int descriptor_;
};

}  // namespace sameseed
