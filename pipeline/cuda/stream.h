// A stream of one's own.
#pragma once

#include <cuda_runtime_api.h>

#include "pipeline/cuda/check.h"

namespace sameseed::cuda {

// Does not wait for the default stream, nor that one for it.
class Stream {
 public:
  Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "a stream"); }
  ~Stream() { cudaStreamDestroy(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

}  // namespace sameseed::cuda
