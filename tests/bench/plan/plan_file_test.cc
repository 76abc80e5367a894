#include "bench/plan/plan_file.h"

#include <gtest/gtest.h>

#include <functional>

#include "bench/plan/plan.h"
#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

using nlohmann::json;

const std::string kRun = ::testing::TempDir() + "sameseed-plan-file";

json made() {
  Matrix matrix;
  matrix.name = "small";
  matrix.axes = {{"candidate.env.X", {"0", nullptr}}};
  matrix.engines = {{"reference", "reference"}, {"candidate", "accelerated"}};
  matrix.prompts = {"a"};
  matrix.seeds = {7};
  matrix.request = {{"steps", 4}, {"guidance", 5.0}, {"size", "64x64"}};
  matrix.timing = {1, 1, 1};
  return make_plan(matrix, {{"model", "m"}});
}

std::string refusal_after(const std::function<void(json&)>& edit) {
  json plan = made();
  edit(plan);
  write_file(kRun + "/plan.json", plan.dump());
  try {
    EXPECT_EQ(read_plan(kRun), plan);
  } catch (const UserError& error) {
    return error.what();
  }
  return "taken";
}

TEST(PlanFile, ComesBackAsItWasMade) {
  EXPECT_EQ(refusal_after([](json&) {}), "taken");
}

TEST(PlanFile, NamesTheFieldThatSomebodyEdited) {
  const std::pair<std::function<void(json&)>, const char*> edits[] = {
      {[](json& plan) { plan = json::array(); }, "plan.json: schema: must be \"sameseed/plan/2\""},
      {[](json& plan) { plan["schema"] = 1; }, "schema: must be"},
      {[](json& plan) { plan.erase("timing"); }, "timing: is missing"},
      {[](json& plan) { plan["timing"]["warmup"] = -1; }, "timing.warmup: must be a whole number"},
      {[](json& plan) { plan["samples"] = "all"; }, "samples: must be a list, not \"all\""},
      {[](json& plan) { plan["samples"][1] = 3; }, "samples[1].id: is missing"},
      {[](json& plan) { plan["samples"][1] = plan["samples"][0]; }, "samples[1].id: stands twice"},
      {[](json& plan) { plan["samples"][1]["id"] = "../x"; },
       "samples[1].id: must be a name without"},
      {[](json& plan) { plan["cases"][0]["noise_precision"] = "/x"; },
       "cases[0].noise_precision: must be a name without"},
      {[](json& plan) { plan["samples"][0]["case"] = "x"; }, "samples[0].case: there is no \"x\""},
      {[](json& plan) { plan["cases"][0]["environment"] = 1; },
       "cases[0].environment: must be an id, not 1"},
      {[](json& plan) { plan["cases"][0]["request"]["steps"] = 0; },
       "cases[0].request: steps: must be a whole number from 1 to 1000"},
      {[](json& plan) { plan["environments"][0]["variables"]["X"] = 1; },
       "environments[0].variables.X: must be a text or null"},
      {[](json& plan) { plan["comparisons"][0]["pairs"][0]["candidate"] = "y"; },
       "comparisons[0].pairs[0].candidate: there is no \"y\""},
  };
  for (const auto& [edit, words] : edits) {
    const std::string said = refusal_after(edit);
    EXPECT_NE(said.find(words), std::string::npos) << said;
    EXPECT_TRUE(said.ends_with("make the plan anew with `sameseed plan`")) << said;
  }
}

}  // namespace
}  // namespace sameseed
