#include "bench/plan/plan.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr const char* kConv = "candidate.env.ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION";

Matrix small_matrix() {
  Matrix matrix;
  matrix.name = "small";
  matrix.axes = {{kConv, {"0", "1"}}, {"candidate.request.deepcache", {nullptr, "3/0/0"}}};
  matrix.engines = {{"reference", "reference"}, {"candidate", "accelerated"}};
  matrix.exclude = {{{{kConv, "1"}, {"candidate.request.deepcache", "3/0/0"}}, "one at a time"}};
  matrix.prompts = {"a", "b"};
  matrix.seeds = {0};
  matrix.request = {{"steps", 4},
                    {"guidance", 5.0},
                    {"size", "64x64"},
                    {"negative", nullptr},
                    {"deepcache", nullptr}};
  matrix.timing = {1, 1, 1};
  return matrix;
}

TEST(Plan, MakesEqualRequestsOneCase) {
  const json plan = make_plan(small_matrix(), {{"model", "m"}});
  EXPECT_EQ(plan.at("environments").size(), 3u);  // reference, conv 0, conv 1
  EXPECT_EQ(plan.at("cases").size(), 8u);         // 2 prompts x (reference, plain, deepcache, conv)
  // 3 settings against the reference, 2 against switches off.
  EXPECT_EQ(plan.at("comparisons").size(), 5u);
  EXPECT_EQ(plan.at("excluded").at(0).at("because"), "one at a time");
}

TEST(Plan, TimesInABBAOrderAndGivesEverySampleItsId) {
  const json plan = make_plan(small_matrix(), {{"model", "m"}});
  std::set<std::string> ids;
  std::string arms;
  for (const json& sample : plan.at("samples")) {
    EXPECT_TRUE(ids.insert(sample.at("id")).second);
    if (sample.at("kind") == "timing") arms += sample.at("arm") == "reference" ? 'A' : 'B';
  }
  EXPECT_EQ(arms, "ABBAABBAABBAABBAABBA");
  EXPECT_EQ(make_plan(small_matrix(), {{"model", "m"}}), plan);
}

TEST(Plan, RefusesValuesThatDoNotGoTogetherOnce) {
  Matrix matrix = small_matrix();
  matrix.axes.push_back({"both.request.timesteps", {json{999, 499}}});
  EXPECT_NO_THROW(make_plan(matrix, {{"model", "m"}}));
  matrix.axes.push_back({"candidate.request.sigmas", {json{14.5, 1, 0}}});
  try {
    make_plan(matrix, {{"model", "m"}});
    ADD_FAILURE();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find(": timesteps, sigmas: only one of them can be given"),
              std::string::npos)
        << error.what();
  }
}

TEST(Plan, RefusesFastSumsWhereNothingIsInFp8) {
  Matrix matrix = small_matrix();
  matrix.axes.push_back({"candidate.load.linear", {"fp16", "fp8"}});
  matrix.axes.push_back({"candidate.load.fp8_fast_accumulation", {0, 1}});
  try {
    make_plan(matrix, {{"model", "m"}});
    ADD_FAILURE();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what())
                  .find("load.fp8_fast_accumulation = 1 acts on products in FP8 only"),
              std::string::npos)
        << error.what();
  }
  matrix.exclude.push_back(
      {{{"candidate.load.linear", "fp16"}, {"candidate.load.fp8_fast_accumulation", 1}}, "fp16"});
  EXPECT_NO_THROW(make_plan(matrix, {{"model", "m"}}));
}

TEST(Plan, RefusesListsThatASamplerDoesNotTake) {
  Matrix matrix = small_matrix();
  matrix.request["timesteps"] = {999, 499};
  matrix.axes.push_back({"both.load.scheduler", {json("LCMScheduler")}});
  EXPECT_NO_THROW(make_plan(matrix, {{"model", "m"}}));
  matrix.axes.back().values.push_back("DDIMScheduler");
  try {
    make_plan(matrix, {{"model", "m"}});
    ADD_FAILURE();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what())
                  .find("both.load.scheduler = \"DDIMScheduler\", candidate.env.ONEFLOW"),
              std::string::npos)
        << error.what();
  }
  matrix.exclude.push_back({{{"both.load.scheduler", "DDIMScheduler"}}, "takes no timesteps"});
  EXPECT_NO_THROW(make_plan(matrix, {{"model", "m"}}));
  // The model's own sampler.
  matrix.axes.pop_back();
  matrix.exclude.pop_back();
  const std::string model = ::testing::TempDir() + "model-with-ddim";
  write_file(model + "/scheduler/scheduler_config.json", R"({"_class_name":"DDIMScheduler"})");
  EXPECT_THROW(make_plan(matrix, {{"model", model}}), UserError);
  write_file(model + "/scheduler/scheduler_config.json", R"({"_class_name":"TCDScheduler"})");
  EXPECT_NO_THROW(make_plan(matrix, {{"model", model}}));
}

TEST(Plan, LeavesVariablesOfTheOtherArmUnset) {
  const json plan = make_plan(small_matrix(), {{"model", "m"}});
  for (const json& environment : plan.at("environments"))
    if (environment.at("engine") == "reference") {
      EXPECT_EQ(environment.at("variables"),
                (json{{"ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION", nullptr}}));
    }
}

TEST(Plan, HoldsAnEnhancedCandidateAgainstThePlainOne) {
  Matrix matrix = small_matrix();
  matrix.axes = {{"candidate.request.enhance", {nullptr, "unsharp"}}};
  matrix.exclude.clear();
  matrix.oracle = true;
  matrix.request["enhance"] = nullptr;
  const json plan = make_plan(matrix, {{"model", "m"}});
  std::map<std::string, json> enhance;
  for (const json& planned : plan.at("cases"))
    enhance[planned.at("id")] = planned.at("request").at("enhance");
  std::set<std::string> against;
  for (const json& comparison : plan.at("comparisons"))
    for (const json& pair : comparison.at("pairs")) {
      against.insert(comparison.at("kind"));
      EXPECT_EQ(enhance.at(pair.at("candidate")),
                comparison.at("setting").at("candidate.request.enhance"));
      EXPECT_TRUE(enhance.at(pair.at("reference")).is_null());
      EXPECT_TRUE(!pair.contains("oracle") || enhance.at(pair.at("oracle")).is_null());
    }
  EXPECT_EQ(against, (std::set<std::string>{"reference", "switches_off"}));
}

TEST(Plan, HoldsTwoEnhancedArmsAgainstAnEnhancedOracle) {
  Matrix matrix = small_matrix();
  matrix.axes = {{"both.request.enhance", {"unsharp"}}};
  matrix.exclude.clear();
  matrix.oracle = true;
  const json plan = make_plan(matrix, {{"model", "m"}});
  for (const json& planned : plan.at("cases"))
    EXPECT_EQ(planned.at("request").at("enhance"), "unsharp");
}

TEST(Plan, MeasuresNoFloorOfAFolderOfPictures) {
  Matrix matrix = small_matrix();
  matrix.engines["candidate"] = "folder /their pictures";
  matrix.floor = true;
  const json plan = make_plan(matrix, {{"model", "m"}});
  for (const json& row : plan.at("floor")) EXPECT_EQ(row.at("arm"), "reference");
}

TEST(Plan, HasTheSameRecipeWhereverItsModelLies) {
  const json here = make_plan(small_matrix(), {{"model", "/here"}});
  EXPECT_EQ(recipe_of(here), recipe_of(make_plan(small_matrix(), {{"model", "/there"}})));
  Matrix other = small_matrix();
  other.seeds = {1};
  EXPECT_NE(recipe_of(here), recipe_of(make_plan(other, {{"model", "/here"}})));
}

TEST(Plan, HasAnotherRecipeWithAnotherEngineOrOtherLoadOptions) {
  const json load = {{"model", "/here"}};
  const std::string recipe = recipe_of(make_plan(small_matrix(), load));
  Matrix other = small_matrix();
  other.engines["candidate"] = "python3 /a/engine.py";
  const std::string outside = recipe_of(make_plan(other, load));
  EXPECT_NE(outside, recipe);
  other.engines["candidate"] = "python3 /b/engine.py";
  EXPECT_EQ(recipe_of(make_plan(other, load)), outside);  // its content counts, not its place
  EXPECT_NE(recipe_of(make_plan(small_matrix(), {{"model", "/here"}, {"variant", "fp16"}})),
            recipe);
}

// Which engine, which options and which variables stand in which arm is part of what is compared.
TEST(Plan, HasAnotherRecipeWithItsArmsExchanged) {
  const json load = {{"model", "m"}};
  Matrix here = small_matrix();
  here.axes = {{"both.request.deepcache", {"2/0/0"}}};
  here.exclude.clear();
  Matrix there = here;
  std::swap(there.engines.at("candidate"), there.engines.at("reference"));
  ASSERT_NE(here.engines, there.engines);
  EXPECT_NE(recipe_of(make_plan(here, load)), recipe_of(make_plan(there, load)));
}

TEST(Plan, HasAnotherRecipeWithAPlansCasesInTheOtherArms) {
  json plan = make_plan(small_matrix(), {{"model", "m"}});
  const std::string recipe = recipe_of(plan);
  for (json& comparison : plan.at("comparisons"))
    for (json& pair : comparison.at("pairs")) std::swap(pair.at("candidate"), pair.at("reference"));
  EXPECT_NE(recipe_of(plan), recipe);
}

TEST(Plan, HasTheSameRecipeWhateverIsKept) {  // the cohort holds that beside it
  Matrix matrix = small_matrix();
  const std::string recipe = recipe_of(make_plan(matrix, {{"model", "m"}}));
  matrix.kept = {{"MY_VARIABLE", "1"}};
  EXPECT_EQ(recipe_of(make_plan(matrix, {{"model", "m"}})), recipe);
}

TEST(Plan, GivesEveryWorkerTheVariablesThatAreKept) {
  Matrix matrix = small_matrix();
  const json before = make_plan(matrix, {{"model", "m"}});
  matrix.oracle = true;
  matrix.kept = {{"OMP_NUM_THREADS", "1"}};
  const json plan = make_plan(matrix, {{"model", "m"}});
  for (const json& environment : plan.at("environments"))
    EXPECT_EQ(environment.at("variables").at("OMP_NUM_THREADS"), "1");
  std::set<json> ids;
  for (const json& made : before.at("cases")) ids.insert(made.at("id"));
  for (const json& made : plan.at("cases")) EXPECT_FALSE(ids.contains(made.at("id")));
}

TEST(Plan, DrawsBothArmsNoiseInTheReferencesPrecision) {
  Matrix matrix = small_matrix();
  matrix.axes = {{"reference.load.precision", {"fp16", "fp32"}}};
  matrix.exclude.clear();
  const json plan = make_plan(matrix, {{"model", "m"}});
  std::map<std::string, json> cases;
  for (const json& planned : plan.at("cases")) cases[planned.at("id")] = planned;
  for (const json& comparison : plan.at("comparisons"))
    for (const json& pair : comparison.at("pairs"))
      for (const char* arm : {"candidate", "reference"})
        EXPECT_EQ(cases.at(pair.at(arm)).at("noise_precision"),
                  comparison.at("setting").at("reference.load.precision"));
  matrix.noise_precision = "bf16";
  const json named = make_plan(matrix, {{"model", "m"}});
  for (const json& planned : named.at("cases")) EXPECT_EQ(planned.at("noise_precision"), "bf16");
}

std::map<std::string, json> environments_by_case(const json& plan) {
  std::map<std::string, json> environments, result;
  for (const json& planned : plan.at("environments")) environments[planned.at("id")] = planned;
  for (const json& planned : plan.at("cases"))
    result[planned.at("id")] = environments.at(planned.at("environment"));
  return result;
}

TEST(Plan, MeasuresEachKindOfFloorOnceForAllSettings) {
  Matrix matrix = small_matrix();
  EXPECT_FALSE(make_plan(matrix, {{"model", "m"}}).contains("floor"));
  matrix.floor = true;
  const json plan = make_plan(matrix, {{"model", "m"}});
  const auto environments = environments_by_case(plan);
  std::set<std::string> kinds;
  for (const json& row : plan.at("floor")) {
    const std::string kind = row.at("kind"), arm = row.at("arm");
    EXPECT_TRUE(kinds.insert(arm + ", " + kind).second);
    EXPECT_EQ(row.at("pairs").size(), 2u);
    const json once = environments.at(row.at("pairs").at(0).at("reference")),
               again = environments.at(row.at("pairs").at(0).at("candidate"));
    EXPECT_EQ(once.at("engine"), again.at("engine"));
    EXPECT_EQ(once.at("variables"), again.at("variables"));
    if (kind == "second process") {
      // The accelerated engine must not find the choices of the first process.
      json load = again.at("load");
      EXPECT_EQ(load.erase("cold"), arm == "candidate" ? 1u : 0u);
      EXPECT_EQ(once.at("load"), load);
      EXPECT_EQ(again.at("process"), 2);
    } else {
      EXPECT_EQ(again.at("load").at("threads"), 1);
    }
  }
  EXPECT_EQ(kinds,
            (std::set<std::string>{"reference, second process", "reference, other thread count",
                                   "candidate, second process"}));
}

TEST(Plan, LetsOnlyTheAcceleratedEngineSearchAnewWhereColdIsAskedFor) {
  Matrix matrix = small_matrix();
  matrix.cold = true;
  std::size_t cold = 0;
  const json plan = make_plan(matrix, {{"model", "m"}});
  for (const json& environment : plan.at("environments")) {
    EXPECT_EQ(environment.at("load").contains("cold"), environment.at("engine") == "accelerated");
    cold += environment.at("load").contains("cold");
  }
  EXPECT_GT(cold, 0u);
}

TEST(Plan, TakesCudnnsTwoApisAsAFloorWithoutMakingAPictureMore) {
  Matrix matrix = small_matrix();
  matrix.axes.push_back({"reference.env.TORCH_CUDNN_V8_API_DISABLED", {nullptr, "1"}});
  matrix.floor = true;
  const json plan = make_plan(matrix, {{"model", "m"}});
  std::set<std::string> compared;
  for (const json& comparison : plan.at("comparisons"))
    for (const json& pair : comparison.at("pairs")) compared.insert(pair.at("reference"));
  std::size_t rows = 0;
  for (const json& row : plan.at("floor"))
    if (row.at("kind") == "cuDNN v8 and v7") {
      ++rows;
      for (const json& pair : row.at("pairs")) {
        EXPECT_TRUE(compared.contains(pair.at("reference")));
        EXPECT_TRUE(compared.contains(pair.at("candidate")));
      }
    }
  EXPECT_EQ(rows, 1u);
}

TEST(Plan, GivesEveryPairAgainstTheReferenceAnOracleWithoutSwitches) {
  Matrix matrix = small_matrix();
  matrix.axes.push_back({"reference.env.TORCH_CUDNN_V8_API_DISABLED", {nullptr, "1"}});
  matrix.oracle = true;
  const json plan = make_plan(matrix, {{"model", "m"}});
  const auto environments = environments_by_case(plan);
  std::set<std::string> oracles;
  for (const json& comparison : plan.at("comparisons"))
    for (const json& pair : comparison.at("pairs")) {
      EXPECT_EQ(pair.contains("oracle"), comparison.at("kind") == "reference");
      if (pair.contains("oracle")) oracles.insert(pair.at("oracle").get<std::string>());
    }
  EXPECT_EQ(oracles.size(), 2u);  // one a prompt, whatever the switches
  for (const std::string& oracle : oracles) {
    EXPECT_EQ(environments.at(oracle).at("load").at("precision"), "highest");
    for (const auto& [name, value] : environments.at(oracle).at("variables").items())
      EXPECT_TRUE(value.is_null()) << name;
  }
}

}  // namespace
}  // namespace sameseed
