#include "bench/check/picture_duties.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <span>

#include "io/files.h"
#include "io/safetensors.h"
#include "io/sha256.h"

namespace sameseed {
namespace {

using nlohmann::json;

// The evidence of an engine that keeps every duty but for its picture, which is not there.
class PictureDuties : public ::testing::Test {
 protected:
  PictureDuties() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "files");
    const float value = 1;
    const auto bytes = std::as_bytes(std::span(&value, 1));
    const TensorView one{DType::kF32, {1}, bytes};
    write_safetensors(folder_ / "noise.safetensors", {{"noise", one}});
    write_safetensors(folder_ / "files/latents.safetensors", {{"latents", one}});
    evidence_ = {
        .request = {{"seed", 0},
                    {"size", "64x64"},
                    {"steps", 2},
                    {"noise", (folder_ / "noise.safetensors").string()},
                    {"image", (folder_ / "files/picture.png").string()},
                    {"latents", (folder_ / "files/latents.safetensors").string()}},
        .answer = {{"timings_ms", {{"total", 3}, {"steps", {1, 2}}, {"full", {true, false}}}},
                   {"hashes", {{"noise", sha256(bytes)}, {"token_ids", "t"}, {"latents", "l"}}}},
        .written = {},
        .token_ids = "t"};
  }
  ~PictureDuties() override { std::filesystem::remove_all(folder_); }

  // The duties that are not kept, once `change` was made.
  std::set<Duty> wrong_after(const std::function<void(PictureEvidence&)>& change) const {
    PictureEvidence evidence = evidence_;
    change(evidence);
    EngineFindings findings;
    look_at_picture(evidence, findings);
    std::set<Duty> wrong;
    for (int duty = kLoads; duty <= kQuits; ++duty)
      if (findings.failed(static_cast<Duty>(duty))) wrong.insert(static_cast<Duty>(duty));
    return wrong;
  }

  const std::filesystem::path folder_ = ::testing::TempDir() + "sameseed-picture-duties";
  PictureEvidence evidence_;
};

TEST_F(PictureDuties, AreToldApart) {
  using Wrong = std::set<Duty>;
  EXPECT_EQ(wrong_after([](PictureEvidence&) {}), Wrong{kWritesPicture});
  EXPECT_EQ(wrong_after([](auto& evidence) { evidence.answer["timings_ms"].erase("total"); }),
            (Wrong{kFillsRecords, kWritesPicture}));
  EXPECT_EQ(wrong_after([](auto& evidence) {  // of a sampler with two evaluations in a step
              evidence.answer["timings_ms"]["steps"] = {1, 1, 1};
              evidence.answer["timings_ms"]["full"] = {true, true, true};
            }),
            Wrong{kWritesPicture});
  EXPECT_EQ(wrong_after([](auto& evidence) { evidence.request["steps"] = 3; }),
            (Wrong{kTimesSteps, kWritesPicture}));
  EXPECT_EQ(wrong_after([](auto& evidence) { evidence.answer["hashes"]["noise"] = "n"; }),
            (Wrong{kHashesNoise, kWritesPicture}));
  EXPECT_EQ(wrong_after([](auto& evidence) { evidence.token_ids = "u"; }),
            (Wrong{kHashesTokens, kWritesPicture}));
  EXPECT_EQ(wrong_after([](auto& evidence) { evidence.answer["hashes"].erase("latents"); }),
            (Wrong{kHashesLatents, kWritesPicture}));
  EXPECT_EQ(wrong_after([](auto& evidence) { evidence.written = {"latents.safetensors"}; }),
            (Wrong{kWritesPicture, kRenames}));
  EXPECT_EQ(wrong_after([this](auto&) { write_file(folder_ / "files/x.tmp", "x"); }),
            (Wrong{kWritesPicture, kLeavesNothing}));
}

TEST_F(PictureDuties, AskForLatentsOnlyOfAnEngineThatHasThem) {
  const auto latents = folder_ / "files/latents.safetensors";
  std::filesystem::remove(latents);
  EXPECT_TRUE(wrong_after([](PictureEvidence&) {}).contains(kWritesLatents));
  EXPECT_FALSE(wrong_after([](auto& evidence) {
                 evidence.answer["hashes"].erase("latents");
               }).contains(kWritesLatents));
}

}  // namespace
}  // namespace sameseed
