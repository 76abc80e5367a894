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

// A metric's losses, a prompt each.
std::vector<ScoredPair> prompts_with(const std::vector<double>& losses) {
  std::vector<ScoredPair> pairs;
  for (std::size_t i = 0; i < losses.size(); ++i)
    pairs.push_back({.pair = {.prompt = "cat " + std::to_string(i)},
                     .scored = true,
                     .values = {{"lpips", losses[i]}}});
  return pairs;
}

std::string reading(const std::vector<double>& losses,
                    const std::vector<std::vector<double>>& floors) {
  std::vector<FloorRow> rows;
  std::vector<const FloorRow*> beside;
  for (const auto& floor : floors) rows.push_back({.cases = prompts_with(floor)});
  for (const FloorRow& row : rows) beside.push_back(&row);
  return floor_reading(prompts_with(losses), beside, {.name = "lpips"});
}

TEST(NoiseFloor, ReadsLossesPromptByPrompt) {
  // Prompts differ tenfold, and each loses half more than in the floor: intervals of the two means
  // overlap almost wholly, the paired differences leave no doubt.
  const std::vector<double> floor = {0.01, 0.1, 0.02, 0.05, 0.03, 0.04},
                            more = {0.016, 0.15, 0.03, 0.076, 0.044, 0.06},
                            equal = {0.011, 0.095, 0.021, 0.049, 0.031, 0.04};
  EXPECT_EQ(reading(more, {floor}), "beyond the floor");
  EXPECT_EQ(reading(equal, {floor}), "no difference shown");
  EXPECT_EQ(reading(floor, {floor}), "no difference shown");  // exactly on it
}

TEST(NoiseFloor, IsTooFewBelowSixPrompts) {
  EXPECT_EQ(reading({1, 2, 3, 4, 5}, {{0.1, 0.2, 0.3, 0.4, 0.5}}), "too few");
  EXPECT_EQ(reading({1, 2, 3, 4, 5, 6}, {{0.1, 0.2, 0.3, 0.4, 0.5}}), "too few");
  const json summary = report_of(run_with_floor(48.13, 0.05));  // two seeds of one prompt
  EXPECT_EQ(quality_of(summary, "on~r", "lpips.alex").at("reading"), "too few");
}

TEST(NoiseFloor, IsTheLargestOfSeveralRows) {
  const std::vector<double> loss = {1, 2, 3, 4, 5, 6}, small = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6},
                            large = {1.1, 1.9, 3.2, 4.1, 4.9, 6.2};
  EXPECT_EQ(reading(loss, {small}), "beyond the floor");
  EXPECT_EQ(reading(loss, {large, small}), "no difference shown");
  EXPECT_EQ(reading(loss, {small, large}), "no difference shown");
}

TEST(NoiseFloor, OfSeveralRowsIsReadInWhateverOrderTheyStand) {
  const std::vector<double> loss = {1, 2, 3, 4, 5, 6}, zero = {0, 0, 0, 0, 0, 0},
                            small = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6},
                            large = {1.1, 1.9, 3.2, 4.1, 4.9, 6.2},
                            five = {0.1, 0.2, 0.3, 0.4, 0.5};
  for (const auto& [first, second, word] : {std::tuple{zero, zero, "deterministic"},
                                            {zero, small, "beyond the floor"},
                                            {zero, large, "no difference shown"},
                                            {small, five, "too few"}}) {
    EXPECT_EQ(reading(loss, {first, second}), word);
    EXPECT_EQ(reading(loss, {second, first}), word);
  }
}

TEST(NoiseFloor, ThatIsNoNumberShowsNothing) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(reading({1, 2, 3, 4, 5, 6}, {{0, 0, 0, 0, 0, infinity}}), "no difference shown");
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
