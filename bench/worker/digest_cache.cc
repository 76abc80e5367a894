#include "bench/worker/digest_cache.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <ctime>
#include <sstream>

#include "io/content_digest.h"
#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

constexpr std::size_t kMostKept = 4096;
constexpr std::time_t kSettled = 2;  // s: clocks of file systems are coarser than their fields

struct FileIdentity {
  std::string key;
  bool settled = false;  // a change that came after would show in its times
};

FileIdentity identity_of(const std::filesystem::path& file) {
  struct stat s {};
  if (::stat(file.c_str(), &s) != 0) throw UserError(file.string() + ": cannot be read");
  return {fmt::format("{} {} {} {}.{:09} {}.{:09}", s.st_dev, s.st_ino, s.st_size, s.st_mtim.tv_sec,
                      s.st_mtim.tv_nsec, s.st_ctim.tv_sec, s.st_ctim.tv_nsec),
          std::time(nullptr) - std::max(s.st_mtim.tv_sec, s.st_ctim.tv_sec) > kSettled};
}

// Empty where it cannot be read: all is read anew.
std::string kept_text(const std::filesystem::path& file) try {
  return file.empty() ? "" : read_file(file);
} catch (const UserError&) {
  return "";
}

}  // namespace

std::string file_identity(const std::filesystem::path& file) { return identity_of(file).key; }

std::filesystem::path digest_cache_file() { return cache_file("digests"); }

DigestCache::DigestCache(std::filesystem::path kept) : kept_(std::move(kept)) {
  std::istringstream in(kept_text(kept_));
  for (std::string line; std::getline(in, line);)  // DIGEST, a blank, the file's identity
    if (line.size() > 65 && line[64] == ' ' &&
        line.find_first_not_of("0123456789abcdef") == std::size_t{64})
      digests_[line.substr(65)] = line.substr(0, 64);
}

std::string DigestCache::digest_of(const std::filesystem::path& file) {
  const std::lock_guard lock(mutex_);
  const FileIdentity before = identity_of(file);
  if (const auto known = digests_.find(before.key); known != digests_.end()) return known->second;
  const std::string digest = content_digest(file);
  const FileIdentity after = identity_of(file);
  if (after.settled && after.key == before.key) {
    digests_[after.key] = digest;
    keep();
  }
  return digest;
}

void DigestCache::keep() {
  if (kept_.empty()) return;
  while (digests_.size() > kMostKept) digests_.erase(digests_.begin());
  std::string text;
  for (const auto& [key, digest] : digests_) text += digest + " " + key + "\n";
  try {
    write_file(kept_, text, FlushToDisk::kNo);
  } catch (const std::exception&) {  // works without
  }
}

}  // namespace sameseed
