#include "bench/sweep/resume.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "io/files.h"
#include "io/sha256.h"

namespace sameseed {
namespace {

using nlohmann::json;

class ResumedRun : public ::testing::Test {
 protected:
  void SetUp() override {
    run_ = ::testing::TempDir() + "sameseed-resumed";
    std::filesystem::remove_all(run_);
    plan_ = {{"environments", {{{"id", "e"}}}},
             {"cases", {{{"id", "a"}, {"environment", "e"}}}},
             {"samples", json::array()}};
    plan_["samples"].push_back({{"id", "q"}, {"case", "a"}, {"kind", "quality"}});
    for (int i = 0; i < 4; ++i)
      plan_["samples"].push_back({{"id", "t" + std::to_string(i)},
                                  {"case", "a"},
                                  {"kind", "timing"},
                                  {"comparison", "c"},
                                  {"block", 0}});
  }
  void TearDown() override { std::filesystem::remove_all(run_); }

  void log(const std::string& sample, const std::string& start, const std::string& outcome = "ok",
           const json& files = json::object()) {
    log_ += json{{"type", "sample"}, {"sample", sample},
                 {"case", "a"},      {"kind", sample[0] == 'q' ? "quality" : "timing"},
                 {"start", start},   {"outcome", outcome},
                 {"files", files},   {"wall_ms", 5}}
                .dump() +
            "\n";
  }
  std::set<std::string> finished() const {
    write_file(run_ + "/records.jsonl", log_);
    return read_made_before(run_, plan_).finished;
  }

  std::string run_, log_;
  json plan_;
};

TEST_F(ResumedRun, CountsABlockOnlyIfOneStartMadeAllOfIt) {
  for (const char* sample : {"t0", "t1", "t2"}) log(sample, "first");
  EXPECT_EQ(finished(), std::set<std::string>{});
  log("t3", "second");
  EXPECT_EQ(finished(), std::set<std::string>{});  // whole, but of two halves
  for (const char* sample : {"t0", "t1", "t2"}) log(sample, "second");
  EXPECT_EQ(finished(), (std::set<std::string>{"t0", "t1", "t2", "t3"}));
}

TEST_F(ResumedRun, MakesAgainWhatFailedButNotWhatIsUnsupported) {
  log("q", "first", "crashed");
  EXPECT_EQ(finished(), std::set<std::string>{});
  log("q", "second", "unsupported");
  EXPECT_EQ(finished(), std::set<std::string>{"q"});
}

TEST_F(ResumedRun, MakesABlockAgainThatWasTimedOnAThrottledDeviceButNoPicture) {
  const auto throttled = [&](const char* sample, const char* kind) {
    log_ += json{{"type", "sample"},
                 {"sample", sample},
                 {"case", "a"},
                 {"kind", kind},
                 {"start", "first"},
                 {"outcome", "ok"},
                 {"invalid", {"throttled"}}}
                .dump() +
            "\n";
  };
  for (const char* sample : {"t0", "t1", "t2"}) log(sample, "first");
  throttled("t3", "timing");
  throttled("q", "quality");
  EXPECT_EQ(finished(), std::set<std::string>{"q"});
}

TEST_F(ResumedRun, MakesAgainWhatAPowerLossTookFromThePictures) {
  write_file(run_ + "/images/q.png", "picture");
  log("q", "first", "ok", {{"image", sha256("picture")}});
  EXPECT_EQ(finished(), std::set<std::string>{"q"});
  write_file(run_ + "/images/q.png", std::string(7, '\0'));
  EXPECT_EQ(finished(), std::set<std::string>{});
  std::filesystem::remove(run_ + "/images/q.png");
  EXPECT_EQ(finished(), std::set<std::string>{});
}

TEST_F(ResumedRun, MakesAgainWhatLostItsTrace) {
  write_file(run_ + "/traces/q.safetensors", "trace");
  log("q", "first", "ok", {{"trace", sha256("trace")}});
  EXPECT_EQ(finished(), std::set<std::string>{"q"});
  std::filesystem::remove(run_ + "/traces/q.safetensors");
  EXPECT_EQ(finished(), std::set<std::string>{});
}

TEST_F(ResumedRun, PassesOverHalfLinesAndForeignOnes) {
  log("q", "first");
  log_ += std::string(20, '\0') + "\n{\"type\":\"sample\",\"sam\n[1]\n{\"type\":\"stop\"}\n";
  EXPECT_EQ(finished(), std::set<std::string>{"q"});
}

}  // namespace
}  // namespace sameseed
