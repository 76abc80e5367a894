#include "reports/summary/oracle.h"

#include <gtest/gtest.h>

#include "reports/summary/summary.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

using nlohmann::json;

// The setting that is on, its pairs held against an oracle: LPIPS of each arm, seed by seed.
json oracle_of(double candidate_0, double reference_0, double candidate_1, double reference_1) {
  RawRun run = small_run();
  run.plan["cases"].push_back({{"id", "o"}, {"environment", "er"}, {"request", json::object()}});
  for (json& comparison : run.plan["comparisons"])
    if (comparison.at("id") == "on~r")
      for (json& pair : comparison["pairs"]) pair["oracle"] = "o";
  run.scores[{"on-0", "o"}] = pair_scores("on-0", "o", 40, candidate_0);
  run.scores[{"r-0", "o"}] = pair_scores("r-0", "o", 40, reference_0);
  run.scores[{"on-1", "o"}] = pair_scores("on-1", "o", 40, candidate_1);
  run.scores[{"r-1", "o"}] = pair_scores("r-1", "o", 40, reference_1);
  const json summary = report_of(run);
  for (const json& one : summary.at("comparisons"))
    if (one.at("id") == "on~r") return one.at("oracle");
  return nullptr;
}

TEST(Oracle, IsAbsentWhereNobodyAskedForIt) {
  const json summary = report_of(small_run());
  for (const json& one : summary.at("comparisons")) EXPECT_TRUE(one.at("oracle").is_null());
}

TEST(Oracle, NamesTheArmThatIsNearerPairByPair) {
  const json farther = oracle_of(0.3, 0.1, 0.5, 0.2).at("lpips.alex");
  EXPECT_DOUBLE_EQ(farther.at("candidate").get<double>(), 0.4);
  EXPECT_DOUBLE_EQ(farther.at("difference").get<double>(), 0.25);
  EXPECT_EQ(farther.at("reading"), "reference nearer");
  EXPECT_EQ(oracle_of(0.1, 0.3, 0.2, 0.5).at("lpips.alex").at("reading"), "candidate nearer");
}

TEST(Oracle, ShowsNoDifferenceWherePairsDisagree) {
  EXPECT_EQ(oracle_of(0.3, 0.1, 0.1, 0.3).at("lpips.alex").at("reading"), "no difference shown");
}

TEST(Oracle, CountsOnlyPairsOfWhichBothArmsAreScored) {
  RawRun run = small_run();
  run.plan["cases"].push_back({{"id", "o"}, {"environment", "er"}, {"request", json::object()}});
  for (json& comparison : run.plan["comparisons"])
    for (json& pair : comparison["pairs"]) pair["oracle"] = "o";
  run.scores[{"on-0", "o"}] = pair_scores("on-0", "o", 40, 0.1);
  const json summary = report_of(run);
  for (const json& one : summary.at("comparisons"))
    EXPECT_EQ(one.at("oracle").at("lpips.alex").at("n"), 0);
}

}  // namespace
}  // namespace sameseed
