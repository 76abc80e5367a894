// Digests of files, kept so that the seven gigabytes of a model are not read in every start.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>

namespace sameseed {

// sameseed/digests below XDG_CACHE_HOME or ~/.cache; empty where neither is set.
std::filesystem::path digest_cache_file();

// A file's device, inode, size and times: another text means another file, or one that was written
// to. Throws UserError where there is none.
std::string file_identity(const std::filesystem::path& file);

// Keeps a file's content_digest by its device, inode, size and times. A kept file that is not
// there, or cannot be written, costs time and nothing else. Safe to share by threads.
class DigestCache {
 public:
  explicit DigestCache(std::filesystem::path kept = digest_cache_file());

  // Throws UserError where the file cannot be read.
  std::string digest_of(const std::filesystem::path& file);

 private:
  void keep();

  const std::filesystem::path kept_;
  std::mutex mutex_;
  std::map<std::string, std::string> digests_;  // identity of a file -> digest
};

}  // namespace sameseed
