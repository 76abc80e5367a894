#include "reports/summary/oracle.h"

#include <gtest/gtest.h>

#include "reports/summary/summary.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

using nlohmann::json;

struct Losses {
  double candidate, reference;  // LPIPS against the oracle
};

struct Plan {
  int seeds = 1;
  std::size_t scored = 1000;  // prompts, the first of them
  bool is_reference = false;  // the oracle is the reference's own case
};

// The setting that is on, its pairs held against an oracle: a prompt each.
json oracle_of(const std::vector<Losses>& prompts, const Plan& plan = {}) {
  RawRun run = small_run();
  run.plan["cases"].push_back({{"id", "o"}, {"environment", "er"}, {"request", json::object()}});
  json pairs = json::array();
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const std::string ours = "on-" + std::to_string(10 + i), theirs = "r-" + std::to_string(10 + i);
    run.plan["cases"].push_back({{"id", ours}, {"environment", "e1"}, {"request", json::object()}});
    run.plan["cases"].push_back(
        {{"id", theirs}, {"environment", "er"}, {"request", json::object()}});
    for (int seed = 0; seed < plan.seeds; ++seed)
      pairs.push_back({{"candidate", ours},
                       {"reference", theirs},
                       {"prompt", "cat " + std::to_string(i)},
                       {"seed", seed},
                       {"oracle", plan.is_reference ? theirs : "o"}});
    if (i >= plan.scored) continue;
    if (plan.is_reference) {
      run.scores[{ours, theirs}] = pair_scores(ours, theirs, 40, prompts[i].candidate);
      run.scores[{theirs, theirs}] = pair_scores(theirs, theirs, 99, 0);
      continue;
    }
    run.scores[{ours, "o"}] = pair_scores(ours, "o", 40, prompts[i].candidate);
    run.scores[{theirs, "o"}] = pair_scores(theirs, "o", 40, prompts[i].reference);
  }
  for (json& comparison : run.plan["comparisons"])
    if (comparison.at("id") == "on~r") comparison["pairs"] = pairs;
  const json summary = report_of(run);
  for (const json& one : summary.at("comparisons"))
    if (one.at("id") == "on~r") return one.at("oracle").at("lpips.alex");
  return nullptr;
}

// The reference is nearer by about 0.2 in every prompt.
std::vector<Losses> reference_nearer(std::size_t prompts) {
  std::vector<Losses> list;
  for (std::size_t i = 0; i < prompts; ++i)
    list.push_back({0.3 + 0.01 * static_cast<double>(i), 0.1});
  return list;
}

TEST(Oracle, IsAbsentWhereNobodyAskedForIt) {
  const json summary = report_of(small_run());
  for (const json& one : summary.at("comparisons")) EXPECT_TRUE(one.at("oracle").is_null());
}

TEST(Oracle, NamesTheArmThatIsNearerPromptByPrompt) {
  const json farther = oracle_of(reference_nearer(6));
  EXPECT_NEAR(farther.at("candidate").get<double>(), 0.325, 1e-12);
  EXPECT_NEAR(farther.at("difference").get<double>(), 0.225, 1e-12);
  EXPECT_EQ(farther.at("n"), 6);
  EXPECT_EQ(farther.at("reading"), "reference nearer");
  std::vector<Losses> turned = reference_nearer(6);
  for (Losses& losses : turned) std::swap(losses.candidate, losses.reference);
  EXPECT_EQ(oracle_of(turned).at("reading"), "candidate nearer");
}

TEST(Oracle, SaysTooFewBelowSixPromptsHoweverManySeeds) {
  EXPECT_EQ(oracle_of(reference_nearer(5), {.seeds = 4}).at("reading"), "too few");
  EXPECT_EQ(oracle_of(reference_nearer(5), {.seeds = 4}).at("n"), 5);
  EXPECT_TRUE(oracle_of(reference_nearer(5)).at("interval").is_null());
}

TEST(Oracle, ShowsNoDifferenceWherePromptsDisagree) {
  std::vector<Losses> list = reference_nearer(8);
  for (std::size_t i = 0; i < 8; i += 2) std::swap(list[i].candidate, list[i].reference);
  EXPECT_EQ(oracle_of(list).at("reading"), "no difference shown");
}

// Those that are missing may be the bad ones.
TEST(Oracle, IsNotReadWhereSomePairsAreNotScored) {
  const json found = oracle_of(reference_nearer(12), {.scored = 11});
  EXPECT_EQ(found.at("n"), 11);
  EXPECT_EQ(found.at("reading"), "not all pairs were scored");
}

// Of a reference in the highest precision, which is 0 from itself.
TEST(Oracle, IsNotReadWhereItIsTheReferenceItself) {
  EXPECT_EQ(oracle_of(reference_nearer(12), {.is_reference = true}).at("reading"),
            "the reference is the oracle");
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
