#include "reports/summary/noise_floor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "reports/summary/summary.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

using nlohmann::json;

// The small run with the reference made a second time, and the pairs' distances from the first.
RawRun run_with_floor(double psnr, double lpips) {
  RawRun run = small_run();
  run.plan["environments"].push_back({{"id", "er2"},
                                      {"engine", "reference"},
                                      {"variables", json::object()},
                                      {"load", json::object()},
                                      {"process", 2}});
  json pairs = json::array();
  for (const char* seed : {"0", "1"}) {
    const std::string once = std::string("r-") + seed, again = std::string("r2-") + seed;
    run.plan["cases"].push_back(
        {{"id", again}, {"environment", "er2"}, {"request", {{"prompt", "a cat"}, {"seed", 0}}}});
    pairs.push_back({{"candidate", again}, {"reference", once}, {"prompt", "a cat"}, {"seed", 0}});
    run.scores[{again, once}] = pair_scores(again, once, psnr, lpips);
    if (std::isinf(psnr)) {
      run.scores[{again, once}]["values"]["psnr.rgb"] = nullptr;
      run.scores[{again, once}]["nonfinite"]["psnr.rgb"] = "+inf";
    }
  }
  run.plan["floor"] = {
      {{"id", "f"}, {"arm", "reference"}, {"kind", "second process"}, {"pairs", pairs}}};
  return run;
}

json quality_of(const json& summary, const std::string& comparison, const char* metric) {
  for (const json& one : summary.at("comparisons"))
    if (one.at("id") == comparison) return one.at("quality").at(metric);
  return nullptr;
}

TEST(NoiseFloor, IsStatedAsNotMeasuredWhereNobodyAskedForIt) {
  const json summary = report_of(small_run());
  EXPECT_FALSE(summary.at("noise_floor").at("measured").get<bool>());
  EXPECT_TRUE(quality_of(summary, "on~r", "lpips.alex").at("noise_floor").is_null());
  EXPECT_FALSE(quality_of(summary, "on~r", "lpips.alex").contains("reading"));
}

TEST(NoiseFloor, StandsInLossUnitsBesideEveryScore) {
  // 48.13 dB are a mean squared error of 255^2 / 10^4.813 = 1.0003 levels^2.
  const json floor = quality_of(report_of(run_with_floor(48.13, 0.05)), "on~r", "psnr.rgb")
                         .at("noise_floor")
                         .at("reference, second process");
  EXPECT_NEAR(floor.at("mean").get<double>(), 1.0, 1e-3);
  EXPECT_EQ(floor.at("unit"), "levels^2");
}

TEST(NoiseFloor, TellsScoresInsideItFromThoseBeyond) {
  const json summary = report_of(run_with_floor(48.13, 0.05));
  EXPECT_EQ(quality_of(summary, "off~r", "lpips.alex").at("reading"), "no difference shown");
  EXPECT_EQ(quality_of(summary, "on~r", "lpips.alex").at("reading"), "beyond the floor");
}

TEST(NoiseFloor, OfExactlyZeroMakesEveryDifferenceReal) {
  const json summary = report_of(run_with_floor(std::numeric_limits<double>::infinity(), 0));
  for (const char* metric : {"psnr.rgb", "lpips.alex"})
    EXPECT_EQ(quality_of(summary, "off~r", metric).at("reading"), "deterministic");
}

TEST(NoiseFloor, IsNoneWhereTheOtherThreadCountWasTheSame) {
  RawRun run = run_with_floor(48.13, 0.05);
  run.plan["floor"][0]["kind"] = "other thread count";
  run.workers.push_back(good_worker("er2", 1e-7));
  for (json& worker : run.workers) worker["load"]["effective"]["threads"] = 2;
  const json same = report_of(run);
  EXPECT_TRUE(same.at("noise_floor").at("rows").at(0).contains("reason"));
  EXPECT_TRUE(quality_of(same, "on~r", "lpips.alex").at("noise_floor").is_null());
  run.workers.back()["load"]["effective"]["threads"] = 1;
  EXPECT_FALSE(quality_of(report_of(run), "on~r", "lpips.alex").at("noise_floor").is_null());
}

TEST(NoiseFloor, IsNoneWhereTheVariableDoesNotAct) {
  RawRun run = run_with_floor(48.13, 0.05);
  run.plan["floor"][0]["kind"] = "cuDNN v8 and v7";
  run.workers.push_back(good_worker("er2", 1e-7));
  json& read = run.workers.back()["load"]["effective"]["TORCH_CUDNN_V8_API_DISABLED"];
  read = {{"acts", false}, {"reason", "no cuDNN here"}};
  EXPECT_EQ(report_of(run).at("noise_floor").at("rows").at(0).at("reason"),
            "no cuDNN here: nothing is measured");
  read = {{"value", "1"}, {"means", "on"}};
  EXPECT_FALSE(quality_of(report_of(run), "on~r", "lpips.alex").at("noise_floor").is_null());
}

TEST(NoiseFloor, OfTheReferenceSaysNothingOfTwoAcceleratedSettings) {
  const json entry = quality_of(report_of(run_with_floor(48.13, 0.05)), "on~off", "lpips.alex");
  EXPECT_TRUE(entry.at("noise_floor").is_null());
}

}  // namespace
}  // namespace sameseed
