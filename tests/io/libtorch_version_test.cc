#include "io/libtorch_version.h"

#include <gtest/gtest.h>

namespace sameseed {
namespace {

TEST(LibtorchVersion, IsFoundInWhatTheLibrarySaysOfItself) {
  EXPECT_EQ(
      libtorch_version_in("PyTorch built with:\n  - GCC 13.3\n  - Build settings: BLAS_INFO=mkl, "
                          "PERF_WITH_AVX2=1, TORCH_VERSION=2.11.0, USE_CUDA=ON, \n"),
      "2.11.0");
  EXPECT_EQ(libtorch_version_in("settings: TORCH_VERSION=2.10.0\n"), "2.10.0");
  EXPECT_EQ(libtorch_version_in("settings: MY_TORCH_VERSION=1, USE_CUDA=ON"), "");
}

}  // namespace
}  // namespace sameseed
