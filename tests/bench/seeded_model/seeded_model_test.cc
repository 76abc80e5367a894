#include "bench/seeded_model/seeded_model.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "io/error.h"
#include "io/files.h"
#include "io/safetensors.h"

namespace sameseed {
namespace {

namespace fs = std::filesystem;

// Described by the configs of the smallest golden model.
const fs::path kSmall = fs::path(SAMESEED_SOURCE_DIR) / "tests/goldens/parity/model_a";

class SeededModelFolder : public ::testing::Test {
 protected:
  void SetUp() override { fs::remove_all(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path make(const std::string& name, std::uint64_t seed, unsigned threads = 1,
                const std::string& variant = "") const {
    write_seeded_model(
        {.description = kSmall, .tokenizers = kSmall, .seed = seed, .variant = variant},
        folder_ / name, threads, [](std::uint64_t, std::uint64_t) {});
    return folder_ / name;
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) /
                           (std::string("seeded-model-") +
                            ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

const char* const kUnet = "unet/diffusion_pytorch_model.safetensors";

TEST_F(SeededModelFolder, HoldsEveryFileAndTensorOfItsDescription) {
  const fs::path made = make("m", 1);
  for (const auto& entry : fs::recursive_directory_iterator(kSmall))
    EXPECT_TRUE(fs::exists(made / fs::relative(entry.path(), kSmall))) << entry.path();
  const auto unet = SafetensorsFile::open(made / kUnet);
  EXPECT_EQ(unet.metadata().at("format"), "pt");  // transformers insists
  const auto described = SafetensorsFile::open(kSmall / kUnet);
  for (const auto& [name, view] : described.tensors()) {
    EXPECT_EQ(unet.tensors().at(name).shape, view.shape) << name;
    EXPECT_EQ(unet.tensors().at(name).dtype, DType::kF16) << name;
  }
}

TEST_F(SeededModelFolder, HasEqualBytesForEqualSeedsOnAnyNumberOfThreads) {
  const std::string first = read_file(make("one", 5) / kUnet);
  EXPECT_TRUE(first == read_file(make("three", 5, 3) / kUnet));
  EXPECT_FALSE(first == read_file(make("other", 6) / kUnet));
}

TEST_F(SeededModelFolder, NamesItsWeightsByTheVariant) {
  const fs::path made = make("m", 1, 1, "fp16");
  EXPECT_TRUE(fs::exists(made / "unet/diffusion_pytorch_model.fp16.safetensors"));
  EXPECT_TRUE(fs::exists(made / "text_encoder_2/model.fp16.safetensors"));
}

TEST_F(SeededModelFolder, RefusesAFolderThatExists) {
  fs::create_directories(folder_ / "m");
  EXPECT_THROW(make("m", 1), UserError);
}

TEST_F(SeededModelFolder, LeavesNothingBehindWhenItIsStopped) {
  const auto stop = [](std::uint64_t, std::uint64_t) { throw std::runtime_error("stop"); };
  EXPECT_THROW(
      write_seeded_model({.description = kSmall, .tokenizers = kSmall}, folder_ / "m", 2, stop),
      std::runtime_error);
  EXPECT_TRUE(fs::is_empty(folder_));
}

}  // namespace
}  // namespace sameseed
