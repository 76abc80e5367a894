// What diffusers computed (tests/goldens/README.md), and how far from it a result is.
#pragma once

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace sameseed {

inline const std::filesystem::path kGoldens =
    std::filesystem::path(SAMESEED_SOURCE_DIR) / "tests/goldens/parity";

inline double relative_l2(const at::Tensor& got, const at::Tensor& wanted) {
  EXPECT_EQ(got.sizes(), wanted.sizes());
  const at::Tensor exact = wanted.to(at::kDouble);
  return ((got.to(at::kDouble) - exact).norm() / exact.norm().clamp_min(1e-30)).item<double>();
}

// A deviation that another CPU may make another one. It is also kept as a property of the test, for
// tests/goldens/every_kernel.py to say how much of the limit is taken.
inline void expect_within(double limit, double deviation, const std::string& name) {
  EXPECT_LE(deviation, limit) << name;
  ::testing::Test::RecordProperty(name, fmt::format("{:.2e} of {:.2e}", deviation, limit));
}

}  // namespace sameseed
