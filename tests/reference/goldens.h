// What diffusers computed (tests/goldens/README.md), and how far from it a result is.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace sameseed {

inline const std::filesystem::path kGoldens =
    std::filesystem::path(SAMESEED_SOURCE_DIR) / "tests/goldens/parity";

inline double relative_l2(const at::Tensor& got, const at::Tensor& wanted) {
  EXPECT_EQ(got.sizes(), wanted.sizes());
  const at::Tensor exact = wanted.to(at::kDouble);
  return ((got.to(at::kDouble) - exact).norm() / exact.norm().clamp_min(1e-30)).item<double>();
}

}  // namespace sameseed
