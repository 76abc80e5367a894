#include "io/content_digest.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include "io/error.h"
#include "io/input_file.h"
#include "io/sha256.h"

namespace sameseed {
namespace {

constexpr std::size_t kPiece = 8 << 20;  // bytes
constexpr std::size_t kThreads = 2;

// SHA-256 of a stretch; false where it cannot be read whole.
bool digest_of_stretch(const InputFile& file, std::size_t from, std::vector<std::byte>& room,
                       std::string& digest) {
  const std::size_t size = std::min(kPiece, file.size() - from);
  room.resize(size);
  for (std::size_t done = 0; done < size;) {
    const ssize_t part = ::pread(file.descriptor(), room.data() + done, size - done,
                                 static_cast<off_t>(from + done));
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) return false;
    done += static_cast<std::size_t>(part);
  }
  digest = sha256(room);
  return true;
}

}  // namespace

std::string content_digest(const std::filesystem::path& path) {
  const InputFile file(path);
  std::vector<std::string> digests(std::max<std::size_t>(1, (file.size() + kPiece - 1) / kPiece));
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> well = true;
  const auto work = [&] {
    std::vector<std::byte> room;
    for (std::size_t i; well && (i = next++) < digests.size();)
      if (!digest_of_stretch(file, i * kPiece, room, digests[i])) well = false;
  };
  std::vector<std::jthread> helpers;
  for (std::size_t i = 1; i < std::min(kThreads, digests.size()); ++i) helpers.emplace_back(work);
  work();
  helpers.clear();  // joins them
  if (!well) throw UserError(path.string() + ": cannot be read to its end");
  if (digests.size() == 1) return digests.front();
  std::string all;
  for (const std::string& digest : digests) all += digest;
  return sha256(all);
}

}  // namespace sameseed
