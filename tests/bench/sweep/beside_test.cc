#include "bench/sweep/beside.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "bench/plan/matrix.h"
#include "bench/plan/plan.h"
#include "bench/sweep/generate.h"
#include "bench/system/programs.h"
#include "io/files.h"

namespace sameseed {
namespace {

using nlohmann::json;

class Watched final : public Beside {
 public:
  std::string begins(const std::set<std::string>& finished, int cores) override {
    EXPECT_TRUE(finished.empty());
    EXPECT_GE(cores, 0);
    ++begun;
    return problem;
  }
  void made(const json& record) override {
    ++made_of[record.at("kind")];
    EXPECT_EQ(record.at("kind") == "timing", rests) << record.at("sample");
  }
  void rest() override { rests = true; }
  void go_on() override { rests = false; }

  std::string problem;
  int begun = 0;
  bool rests = true;
  std::map<std::string, int> made_of;
};

// On the engine that only answers.
class BesideASweep : public ::testing::Test {
 protected:
  BesideASweep() {
    std::filesystem::remove_all(run_);
    std::error_code exists;  // workers are looked for beside the program, which this test is
    std::filesystem::create_symlink(std::string(SAMESEED_BINARY_DIR) + "/bin/sameseed-worker",
                                    program("sameseed-worker"), exists);
    Matrix matrix;
    matrix.name = "beside";
    matrix.axes = {{"candidate.request.guidance", {4, 5}}};
    matrix.engines = {{"reference", "null"}, {"candidate", "null"}};
    matrix.prompts = {"a red apple on a white background"};
    matrix.seeds = {0};
    matrix.request = {{"guidance", 5.0},
                      {"size", "64x64"},
                      {"steps", 2},
                      {"negative", {}},
                      {"deepcache", nullptr}};
    matrix.timing = {.warmup = 1, .blocks = 1};
    write_file(run_ / "plan.json",
               make_plan(matrix, {{"model", data("reference/nano-sdxl").string()}}).dump());
  }
  ~BesideASweep() override { std::filesystem::remove_all(run_); }

  GenerateResult make(Watched& watched) const {
    return generate(run_, {.verbosity = Verbosity::kQuiet, .devices = "cpu", .beside = &watched});
  }

  const std::filesystem::path run_ = ::testing::TempDir() + "beside";
};

TEST_F(BesideASweep, NothingWorksWhileSamplesAreTimed) {
  Watched watched;
  EXPECT_EQ(make(watched).failed, 0u);
  EXPECT_EQ(watched.begun, 1);
  EXPECT_GT(watched.made_of["quality"], 0);
  EXPECT_GT(watched.made_of["timing"], 0);
  EXPECT_FALSE(watched.rests);  // all is made
}

TEST_F(BesideASweep, WhatCannotBeginIsSaidBeforeTheFirstSample) {
  Watched watched;
  watched.problem = "no scorer here";
  EXPECT_EQ(make(watched).stopped, "no scorer here");
  EXPECT_TRUE(watched.made_of.empty());
}

}  // namespace
}  // namespace sameseed
