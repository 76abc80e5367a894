#include "bench/plan/plan_difference.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sameseed {
namespace {

using nlohmann::json;

json plan_with(json variables) {
  return {{"name", "n"},
          {"matrix_sha256", "m"},
          {"model", "/models/a"},
          {"environments",
           {{{"variables", std::move(variables)}, {"load", {{"model", "/models/a"}}}}}}};
}

TEST(PlanDifference, NamesWhatTellsMost) {
  const json plan = plan_with({{"A", "0"}, {"KEPT", "1"}});
  json other = plan;
  other["matrix_sha256"] = "another";
  other["model"] = "/models/b";  // less than that the matrix is another
  EXPECT_EQ(plan_difference(plan, other), "another text of the matrix");
  other["name"] = "other";
  EXPECT_EQ(plan_difference(plan, other), "the matrix is \"other\", not \"n\"");
  json model = plan;
  model["model"] = "/models/b";
  EXPECT_EQ(plan_difference(plan, model), "the model is \"/models/b\", not \"/models/a\"");
  json floor = plan;
  floor["floor"] = json::array();
  EXPECT_EQ(plan_difference(plan, floor), "with --floor");
  EXPECT_EQ(plan_difference(floor, plan), "without --floor");
  json vae = plan;
  vae["environments"][0]["load"]["vae"] = "v";
  EXPECT_TRUE(plan_difference(plan, vae).starts_with("other options of loading"));
  EXPECT_EQ(plan_difference(plan, plan), "");
}

TEST(PlanDifference, NamesTheVariableThatWasKeptAndItsValues) {
  const json with = plan_with({{"A", "0"}, {"KEPT", "1"}}), without = plan_with({{"A", "0"}}),
             other = plan_with({{"A", "0"}, {"KEPT", "2"}}),
             instead = plan_with({{"A", "0"}, {"MORE", "1"}});
  EXPECT_EQ(plan_difference(with, without), "KEPT is unset, not \"1\" (--keep-env)");
  EXPECT_EQ(plan_difference(without, with), "KEPT is \"1\", not unset (--keep-env)");
  EXPECT_EQ(plan_difference(with, other), "KEPT is \"2\", not \"1\" (--keep-env)");
  EXPECT_EQ(plan_difference(with, instead), "KEPT is unset, not \"1\" (--keep-env)");
}

TEST(PlanDifference, TakesAnythingForAnEarlierPlan) {
  for (const char* before : {"{}", R"({"environments":5})", R"({"environments":[5]})",
                             R"({"environments":[{"variables":[1]}],"model":{}})"})
    EXPECT_NE(plan_difference(json::parse(before), plan_with({{"A", "0"}})), "") << before;
}

}  // namespace
}  // namespace sameseed
