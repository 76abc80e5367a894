#include "pipeline/cuda/upload.h"

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <vector>

namespace sameseed::cuda {
namespace {

// Every stretch of some megabytes differs from every other.
std::vector<std::byte> counted_bytes(std::size_t size) {
  std::vector<std::byte> bytes(size);
  std::uint64_t state = 1;
  for (std::byte& value : bytes) {
    state = state * 6364136223846793005 + 1442695040888963407;
    value = static_cast<std::byte>(state >> 56);
  }
  return bytes;
}

class Upload : public ::testing::Test {
 protected:
  void SetUp() override {
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status != cudaSuccess || count == 0)
      GTEST_SKIP() << "needs a GPU: "
                   << (status == cudaSuccess ? "there is none" : cudaGetErrorString(status));
    ASSERT_EQ(cudaMalloc(&device_, kSize), cudaSuccess);
    ASSERT_EQ(cudaMemset(device_, 0, kSize), cudaSuccess);
  }
  void TearDown() override { cudaFree(device_); }

  std::byte* device(std::size_t at) const { return static_cast<std::byte*>(device_) + at; }
  std::vector<std::byte> on_device() const {
    std::vector<std::byte> bytes(kSize);
    EXPECT_EQ(cudaMemcpy(bytes.data(), device_, kSize, cudaMemcpyDeviceToHost), cudaSuccess);
    return bytes;
  }

  static constexpr std::size_t kSize = 50 << 20;
  const std::vector<std::byte> bytes_ = counted_bytes(kSize);
  void* device_ = nullptr;
};

TEST_F(Upload, BringsEveryByteToItsPlace) {
  Uploader uploader(0, 3);
  std::size_t at = 0;
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{0}, std::size_t{3}, std::size_t{4} << 20,
        (std::size_t{4} << 20) + 1, std::size_t{33} << 20, std::size_t{1000}}) {
    uploader.copy(device(at), std::span(bytes_).subspan(at, size));
    at += size;
  }
  uploader.copy(device(at), std::span(bytes_).subspan(at));
  uploader.finish();
  EXPECT_TRUE(on_device() == bytes_);
}

TEST_F(Upload, GoesOnAfterItHasFinished) {
  Uploader uploader(0, 2);
  uploader.finish();  // with nothing to do
  const std::size_t half = kSize / 2;
  uploader.copy(device(0), std::span(bytes_).first(half));
  uploader.finish();
  uploader.copy(device(half), std::span(bytes_).subspan(half));
  uploader.finish();
  EXPECT_TRUE(on_device() == bytes_);
}

TEST_F(Upload, SaysThatACopyFailedAndGoesOn) {
  Uploader uploader(0, 2);
  for (int i = 0; i < 2; ++i) {
    uploader.copy(nullptr, std::span(bytes_).first(9 << 20));
    EXPECT_THROW(uploader.finish(), std::runtime_error);
  }
  uploader.copy(device(0), bytes_);
  uploader.finish();
  EXPECT_TRUE(on_device() == bytes_);
}

TEST_F(Upload, MayBeLeftUnfinished) {
  Uploader uploader(0, 2);
  uploader.copy(device(0), bytes_);
}

TEST(Uploader, RefusesADeviceThatIsNotThere) { EXPECT_THROW(Uploader(10'000), std::runtime_error); }

}  // namespace
}  // namespace sameseed::cuda
