#include "bench/sweep/sample_files.h"

#include <gtest/gtest.h>

#include <span>

#include "bench/worker/worker.h"
#include "io/files.h"
#include "io/safetensors.h"
#include "io/sha256.h"

namespace sameseed {
namespace {

using nlohmann::json;

TEST(SampleFiles, LieInAFolderForEachKind) {
  EXPECT_EQ(sample_file("run", "image", "s"), "run/images/s.png");
  EXPECT_EQ(sample_file("run", "latents", "s"), "run/latents/s.safetensors");
  EXPECT_EQ(sample_file("run", "trace", "s"), "run/traces/s.safetensors");
  EXPECT_THROW(sample_file("run", "noise", "s"), std::logic_error);
}

TEST(SampleFiles, LoseWhatAKilledWriterLeftWhenFoldersArePrepared) {
  const std::filesystem::path run = ::testing::TempDir() + "sameseed-sample-files";
  std::filesystem::remove_all(run);
  write_file(run / "images/a.png", "a");
  write_file(run / "images/a.png.tmp", "half");
  prepare_sample_folders(run);
  EXPECT_TRUE(std::filesystem::exists(run / "images/a.png"));
  EXPECT_FALSE(std::filesystem::exists(run / "images/a.png.tmp"));
  EXPECT_TRUE(std::filesystem::is_directory(run / "latents"));
  EXPECT_TRUE(std::filesystem::is_directory(run / "traces"));
  std::filesystem::remove_all(run);
}

TEST(CheckFiles, RefusesAPictureThatIsNotThere) {
  const json request = {
      {"image", ::testing::TempDir() + "never.png"}, {"latents", ""}, {"size", "64x64"}};
  try {
    check_files(request);
    FAIL();
  } catch (const WorkerFailure& failure) {
    EXPECT_EQ(failure.kind, "incomplete");
  }
}

TEST(CheckFiles, RefusesATraceWithoutBlockNorms) {
  const std::string file = ::testing::TempDir() + "half-a-trace.safetensors";
  const float value = 1;
  const TensorView one{DType::kF32, {1}, std::as_bytes(std::span(&value, 1))};
  const json request = {{"image", ""}, {"latents", ""}, {"trace", file}, {"size", "64x64"}};
  write_safetensors(file, {{"latents", one}});
  try {
    check_files(request);
    FAIL();
  } catch (const WorkerFailure& failure) {
    EXPECT_NE(std::string(failure.what()).find("block_norms"), std::string::npos);
  }
  write_safetensors(file, {{"latents", one}, {"block_norms", one}});
  EXPECT_EQ(check_files(request), (json{{"trace", sha256_of_file(file)}}));
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace sameseed
