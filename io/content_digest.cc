#include "io/content_digest.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include "io/error.h"
#include "io/sha256.h"

namespace sameseed {
namespace {

constexpr std::size_t kPiece = 8 << 20;  // bytes
constexpr std::size_t kThreads = 2;

class OpenFile {
 public:
  explicit OpenFile(const std::filesystem::path& path)
      : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status {};
    if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) fail();
    size_ = static_cast<std::size_t>(status.st_size);
  }
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  std::size_t size() const { return size_; }

  // SHA-256 of a stretch; false where it cannot be read whole.
  bool digest(std::size_t from, std::vector<std::byte>& room, std::string& digest) const {
    const std::size_t size = std::min(kPiece, size_ - from);
    room.resize(size);
    for (std::size_t done = 0; done < size;) {
      const ssize_t part =
          ::pread(descriptor_, room.data() + done, size - done, static_cast<off_t>(from + done));
      if (part < 0 && errno == EINTR) continue;
      if (part <= 0) return false;
      done += static_cast<std::size_t>(part);
    }
    digest = sha256(room);
    return true;
  }

  [[noreturn]] void fail() const { throw UserError(path_.string() + ": cannot be read"); }

 private:
  const std::filesystem::path path_;
  int descriptor_ = -1;
  std::size_t size_ = 0;
};

}  // namespace

std::string content_digest(const std::filesystem::path& path) {
  const OpenFile file(path);
  std::vector<std::string> digests(std::max<std::size_t>(1, (file.size() + kPiece - 1) / kPiece));
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> well = true;
  const auto work = [&] {
    std::vector<std::byte> room;
    for (std::size_t i; well && (i = next++) < digests.size();)
      if (!file.digest(i * kPiece, room, digests[i])) well = false;
  };
  std::vector<std::jthread> helpers;
  for (std::size_t i = 1; i < std::min(kThreads, digests.size()); ++i) helpers.emplace_back(work);
  work();
  helpers.clear();  // joins them
  if (!well) file.fail();
  if (digests.size() == 1) return digests.front();
  std::string all;
  for (const std::string& digest : digests) all += digest;
  return sha256(all);
}

}  // namespace sameseed
