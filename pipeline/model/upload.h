// How weights travel to a device, many tensors at a time; handed in by who knows the device.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

namespace sameseed {

struct Upload {
  // Queues a copy and returns. `host` stays as it is and the device memory untouched until
  // finish().
  std::function<void(void* device, std::span<const std::byte> host)> copy;
  // Waits until everything queued lies there. Throws where a copy failed.
  std::function<void()> finish;
};

// Makes one for a load; its threads and buffers go with it.
using MakeUpload = std::function<Upload()>;

}  // namespace sameseed
