// Brings weights from mapped files to a GPU at the speed of the bus. The driver copies pageable
// memory at a fraction of it, through one thread and a staging buffer of its own.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace sameseed::cuda {

// Threads that copy from the mapping (page faults and all) into pinned buffers, from which earlier
// stretches travel meanwhile; each thread has two buffers and a stream, which it makes at once.
// Memory beside the mapping: `threads` x 4 MB, whatever is copied. One caller at a time.
class Uploader {
 public:
  // Some 12 threads fill a PCIe 5 bus from the page cache. Throws std::runtime_error where `device`
  // cannot be used.
  explicit Uploader(int device, unsigned threads = default_threads());
  ~Uploader();  // drops what is still queued; finish() first
  Uploader(const Uploader&) = delete;
  Uploader& operator=(const Uploader&) = delete;

  // Queues a copy and returns. Until finish() has returned, `host` must stay as it is, and nothing
  // queued on any stream may use the device memory, which must hold host.size() bytes.
  void copy(void* device, std::span<const std::byte> host);

  // Waits until everything queued so far lies on the device. Throws std::runtime_error where a copy
  // failed: what was queued is then lost, and the uploader may be used again.
  void finish();

  static unsigned default_threads();  // 12, or as many as this machine has cores

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

}  // namespace sameseed::cuda
