#include "pipeline/cuda/upload.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "pipeline/cuda/check.h"
#include "pipeline/cuda/stream.h"

namespace sameseed::cuda {
namespace {

// The driver takes some 15 us for a copy, one after the other, whatever the number of threads: with
// 1 MB that holds the bus up (bench/gpu.md).
constexpr std::size_t kBufferBytes = 2 << 20;
constexpr unsigned kThreads = 12;

template <auto destroy>
struct Destroy {
  template <typename T>
  void operator()(T* handle) const {
    destroy(handle);
  }
};
using CopyEvent = std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, Destroy<cudaEventDestroy>>;
using PinnedMemory = std::unique_ptr<void, Destroy<cudaFreeHost>>;

CopyEvent make_event() {
  cudaEvent_t event = nullptr;
  check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
  return CopyEvent(event);
}

PinnedMemory make_pinned_memory() {
  void* memory = nullptr;
  check(cudaHostAlloc(&memory, kBufferBytes, cudaHostAllocDefault), "cudaHostAlloc");
  return PinnedMemory(memory);
}

struct Chunk {
  std::byte* device;
  std::span<const std::byte> host;
};

// One thread's buffers and stream. To be waited for before it goes.
class Lane {
 public:
  // Returns when the host memory was read; the copy may still be under way.
  void send(const Chunk& chunk) {
    Buffer& buffer = buffers_[next_];
    next_ = 1 - next_;
    check(cudaEventSynchronize(buffer.left.get()), "cudaEventSynchronize");
    std::memcpy(buffer.memory.get(), chunk.host.data(), chunk.host.size());
    check(cudaMemcpyAsync(chunk.device, buffer.memory.get(), chunk.host.size(),
                          cudaMemcpyHostToDevice, stream_.get()),
          "cudaMemcpyAsync");
    check(cudaEventRecord(buffer.left.get(), stream_.get()), "cudaEventRecord");
  }
  void wait() { check(cudaStreamSynchronize(stream_.get()), "cudaStreamSynchronize"); }

 private:
  struct Buffer {
    PinnedMemory memory = make_pinned_memory();
    CopyEvent left = make_event();  // its last content is on the device
  };
  std::array<Buffer, 2> buffers_;
  Stream stream_;
  std::size_t next_ = 0;
};

}  // namespace

struct Uploader::Work {
  explicit Work(int number) : device(number) {}

  const int device;
  std::mutex mutex;
  std::condition_variable queued, finished;
  std::deque<Chunk> chunks;
  std::size_t unfinished = 0;  // chunks that are queued, or sent and not waited for
  bool ending = false;
  std::exception_ptr problem;
  std::vector<std::jthread> threads;

  // Tries one step of a thread's work; the first problem is kept for finish().
  template <typename Step>
  void attempt(Step step) {
    try {
      step();
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!problem) problem = std::current_exception();
    }
  }

  void run() {
    std::optional<Lane> lane;
    const auto make_lane = [&] {
      check(cudaSetDevice(device), "cudaSetDevice");
      lane.emplace();
    };
    attempt(make_lane);  // ahead of the first chunk: pinning memory takes half a millisecond a MB
    std::size_t sent = 0;
    std::unique_lock lock(mutex);
    for (;;) {
      if (!chunks.empty() && !ending) {
        const Chunk chunk = chunks.front();
        chunks.pop_front();
        const bool useless = problem != nullptr;
        lock.unlock();
        if (!useless)
          attempt([&] {
            if (!lane) make_lane();
            lane->send(chunk);
          });
        ++sent;
        lock.lock();
      } else if (sent > 0) {
        lock.unlock();
        if (lane) attempt([&] { lane->wait(); });
        lock.lock();
        unfinished -= std::exchange(sent, 0);
        if (unfinished == 0) finished.notify_all();
      } else if (ending) {
        return;
      } else {
        queued.wait(lock);
      }
    }
  }
};

unsigned Uploader::default_threads() {
  return std::clamp(std::thread::hardware_concurrency(), 1u, kThreads);
}

Uploader::Uploader(int device, unsigned threads) : work_(std::make_unique<Work>(device)) {
  int count = 0;
  check(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  if (device < 0 || device >= count) check(cudaErrorInvalidDevice, "upload");
  for (unsigned i = 0; i < std::max(1u, threads); ++i)
    work_->threads.emplace_back([work = work_.get()] { work->run(); });
}

Uploader::~Uploader() {
  {
    const std::lock_guard lock(work_->mutex);
    work_->ending = true;
  }
  work_->queued.notify_all();
  work_->threads.clear();  // joins
}

void Uploader::copy(void* device, std::span<const std::byte> host) {
  {
    const std::lock_guard lock(work_->mutex);
    auto* to = static_cast<std::byte*>(device);
    for (; !host.empty(); ++work_->unfinished) {
      const std::size_t size = std::min(host.size(), kBufferBytes);
      work_->chunks.push_back({to, host.first(size)});
      to += size;
      host = host.subspan(size);
    }
  }
  work_->queued.notify_all();
}

void Uploader::finish() {
  std::unique_lock lock(work_->mutex);
  work_->finished.wait(lock, [&] { return work_->unfinished == 0; });
  if (std::exception_ptr problem = std::exchange(work_->problem, nullptr))
    std::rethrow_exception(problem);
}

}  // namespace sameseed::cuda
