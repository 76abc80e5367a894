// A copy of the smallest golden model that a test may change, in a folder of the test's own.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/reference/goldens.h"
#include "tests/reference/tensors_of.h"

namespace sameseed {

class CopiedModel : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    std::filesystem::copy(kGoldens / "model_a", model_, std::filesystem::copy_options::recursive);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) /
      (std::string(::testing::UnitTest::GetInstance()->current_test_info()->test_suite_name()) +
       "-" + ::testing::UnitTest::GetInstance()->current_test_info()->name());
  const std::filesystem::path model_ = folder_ / "model";
};

}  // namespace sameseed
