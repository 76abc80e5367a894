// cuDNN's handle and errors.
#pragma once

#include <cudnn.h>

#include <stdexcept>
#include <string>

namespace sameseed::cuda {

inline void check(cudnnStatus_t status, const char* what) {
  if (status != CUDNN_STATUS_SUCCESS)
    throw std::runtime_error(std::string("cuDNN: ") + what + ": " + cudnnGetErrorString(status));
}

class CudnnHandle {
 public:
  CudnnHandle() { check(cudnnCreate(&handle_), "a handle"); }
  ~CudnnHandle() { cudnnDestroy(handle_); }
  CudnnHandle(const CudnnHandle&) = delete;
  CudnnHandle& operator=(const CudnnHandle&) = delete;

  // The handle, working on this stream.
  cudnnHandle_t on(cudaStream_t stream) {
    check(cudnnSetStream(handle_, stream), "a stream");
    return handle_;
  }

 private:
  cudnnHandle_t handle_ = nullptr;
};

}  // namespace sameseed::cuda
