// Models as an axis, and lists of the combinations to make.
#include <gtest/gtest.h>

#include <set>

#include "bench/plan/matrix.h"
#include "bench/plan/plan.h"
#include "bench/plan/points.h"
#include "io/error.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr const char* kModels = R"({"a": {"path": "/m/a"}, "b": {"path": "/m/b", "guidance": 3}})";
constexpr const char* kConvSwitch = "candidate.env.ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION";

Matrix matrix_of(const json& axes, const json& more = json::object(),
                 const std::string& models = kModels) {
  json text = {{"schema", "sameseed/matrix/1"},
               {"axes", axes},
               {"models", json::parse(models)},
               {"requests", {{"prompts", {"a cat", "a dog"}}, {"steps", 4}}}};
  text.update(more);
  return parse_matrix(text.dump(), "m.json");
}

std::string refusal_of(const json& axes, const json& more = json::object(),
                       const std::string& models = kModels) {
  try {
    matrix_of(axes, more, models);
    return "taken";
  } catch (const UserError& error) {
    return error.what();
  }
}

// What the cases of an engine are made with: model, guidance.
std::set<std::pair<std::string, double>> made_by(const std::string& engine, const json& plan) {
  std::set<std::pair<std::string, double>> made;
  for (const json& environment : plan.at("environments"))
    for (const json& one : plan.at("cases"))
      if (one.at("environment") == environment.at("id") && environment.at("engine") == engine)
        made.emplace(environment.at("load").at("model"), one.at("request").at("guidance"));
  return made;
}

TEST(Models, BringRequestsOfTheirOwnToBothArms) {
  const json plan =
      make_plan(matrix_of({{"both.load.model", {"a", "b"}}, {kConvSwitch, {"0", "1"}}}),
                {{"model", "/m/unused"}});
  const std::set<std::pair<std::string, double>> both = {{"/m/a", 5}, {"/m/b", 3}};
  EXPECT_EQ(made_by("reference", plan), both);
  EXPECT_EQ(made_by("accelerated", plan), both);
  EXPECT_EQ(plan.at("models"), (json{{"a", "/m/a"}, {"b", "/m/b"}}));
  EXPECT_EQ(plan.at("model"), "a: /m/a, b: /m/b");
}

TEST(Models, OfOneArmLeaveTheOtherItsOwn) {
  const json plan =
      make_plan(matrix_of({{"candidate.load.model", {"a", "b"}}}), {{"model", "/m/base"}});
  EXPECT_EQ(made_by("reference", plan), (std::set<std::pair<std::string, double>>{{"/m/base", 5}}));
  EXPECT_EQ(made_by("accelerated", plan),
            (std::set<std::pair<std::string, double>>{{"/m/a", 5}, {"/m/b", 3}}));
  EXPECT_EQ(plan.at("model"), "/m/base");
}

TEST(Models, HaveOneRecipeWhereverTheyLieAndAnotherOneByAnotherName) {
  const json axes = {{"both.load.model", {"a", "b"}}};
  const auto recipe = [&](const std::string& models, const json& of) {
    return recipe_of(make_plan(matrix_of(of, json::object(), models), {{"model", "m"}}));
  };
  const std::string first = recipe(kModels, axes);
  EXPECT_EQ(recipe(R"({"a":{"path":"/x/1"},"b":{"path":"/y/2","guidance":3}})", axes), first);
  EXPECT_NE(recipe(R"({"a":{"path":"/x/1"},"b":{"path":"/y/2","guidance":4}})", axes), first);
  EXPECT_NE(recipe(R"({"a":{"path":"/x/1"},"c":{"path":"/y/2","guidance":3}})",
                   {{"both.load.model", {"a", "c"}}}),
            first);
}

TEST(Models, ThatCannotBeMeantAreRefusedByName) {
  const json axes = {{"both.load.model", {"a", "b"}}};
  const auto says = [](const std::string& said, const std::string& part) {
    EXPECT_NE(said.find(part), std::string::npos) << said;
  };
  says(refusal_of({{"both.load.model", {"a", "c"}}}),
       "axes.both.load.model: \"c\" is no model of this matrix; its `models` are a, b");
  says(refusal_of({{"both.load.model", {"a"}}}), "models.b: no axis names it");
  says(refusal_of({{"both.load.model", {"a", nullptr}}}), "null is no model of this matrix");
  says(refusal_of({{"both.load.model", {"a", "b"}}, {"both.request.guidance", {1, 3}}}),
       "models.b.guidance: the axis both.request.guidance sets it as well; remove one");
  says(refusal_of({{"both.load.model", {"a", "b"}}, {"candidate.load.model", {"a", "b"}}}),
       "sets what both.load.model sets as well");
  says(refusal_of(axes, json::object(), R"({"a":{},"b":{"path":"p"}})"),
       "models.a.path: is missing");
  says(refusal_of(axes, json::object(), R"({"a":{"path":"p","stebs":3},"b":{"path":"p"}})"),
       "did you mean \"steps\"?");
  says(refusal_of(axes, json::object(), R"({"a":{"path":"p","size":"7x8"},"b":{"path":"p"}})"),
       "models.a: size");
  says(refusal_of({{kConvSwitch, {"0", "1"}}}, {{"models", {{"a", {{"path", "p"}}}}}}),
       "models.a: no axis names it");
  says(refusal_of(axes, json::object(), R"({"":{"path":"p"},"b":{"path":"p"}})"),
       "models: a model's name is empty");
  says(refusal_of(axes, {{"requests", {{"prompts", {"a cat"}}, {"timesteps", {999, 499}}}}},
                  R"({"a":{"path":"p","steps":8},"b":{"path":"q"}})"),
       "models.a.steps: is not read beside requests.timesteps");
}

// A size of a model's own goes to both arms, or there is nothing to compare.
TEST(Models, OfOneArmHaveTheOthersSize) {
  const std::string models = R"({"a":{"path":"/m/a"},"b":{"path":"/m/b","size":"64x64"}})";
  const auto plan_of = [&](const char* axis) {
    return make_plan(matrix_of({{axis, {"a", "b"}}}, json::object(), models), {{"model", "m"}});
  };
  EXPECT_EQ(plan_of("both.load.model").at("comparisons").size(), 2u);
  try {
    plan_of("candidate.load.model");
    FAIL() << "planned";
  } catch (const UserError& error) {
    EXPECT_EQ(std::string(error.what()),
              "the arms' pictures are 128x128 and 64x64 with candidate.load.model = \"b\": they "
              "cannot be compared; give both one size, or leave the combination out by `exclude`");
  }
}

TEST(Settings, AreTheOnlyCombinationsThatAreMade) {
  const json axes = {{"both.load.model", {"a", "b"}},
                     {kConvSwitch, {"0", "1"}},
                     {"candidate.request.deepcache", {nullptr, "3/0/0", "5/0/0"}}};
  const Matrix matrix = matrix_of(
      axes, {{"settings",
              {json::object(), {{kConvSwitch, "1"}}, {{"candidate.request.deepcache", "5/0/0"}}}}});
  std::set<std::pair<json, json>> made;  // of each model
  for (const Point& point : planned_points(matrix))
    made.emplace(point.at(kConvSwitch), point.at("candidate.request.deepcache"));
  EXPECT_EQ(planned_points(matrix).size(), 2 * 3u);
  EXPECT_EQ(made,
            (std::set<std::pair<json, json>>{{"0", nullptr}, {"1", nullptr}, {"0", "5/0/0"}}));
  EXPECT_EQ(make_plan(matrix, {{"model", "m"}}).at("excluded"), json::array());
}

TEST(Settings, MayBeTheOnlyOnesThatAreTimed) {
  const json plan =
      make_plan(matrix_of({{"both.load.model", {"a", "b"}}, {kConvSwitch, {"0", "1"}}},
                          {{"timing", {{"blocks", 6}, {"settings", {{{kConvSwitch, "1"}}}}}}}),
                {{"model", "m"}});
  std::set<std::string> timed;
  for (const json& sample : plan.at("samples"))
    if (sample.at("kind") == "timing") timed.insert(sample.at("comparison"));
  std::size_t on = 0;
  for (const json& comparison : plan.at("comparisons")) {
    const bool is_on = comparison.at("setting").at(kConvSwitch) == "1";
    on += is_on;
    EXPECT_EQ(timed.contains(comparison.at("id")), is_on) << comparison.at("setting");
    EXPECT_EQ(comparison.value("timed", true), is_on);
  }
  EXPECT_EQ(timed.size(), on + plan.at("time_floor").size());
}

TEST(Settings, ThatAreTimedMustBeMade) {
  const json axes = {{"both.load.model", {"a", "b"}}, {kConvSwitch, {"0", "1"}}},
             timing = {{"blocks", 6}, {"settings", {{{kConvSwitch, "1"}}}}};
  for (const json& none :
       {json{{"settings", {{{kConvSwitch, "0"}}}}},
        json{{"exclude", {{{"when", {{kConvSwitch, "1"}}}, {"because", "slow"}}}}}}) {
    json more = none;
    more["timing"] = timing;
    try {
      make_plan(matrix_of(axes, more), {{"model", "m"}});
      FAIL() << none;
    } catch (const UserError& error) {
      EXPECT_EQ(std::string(error.what()).find("timing.settings[0]: no combination"), 0u)
          << error.what();
    }
  }
}

TEST(Settings, NameAxesAndValuesOfTheMatrix) {
  const json axes = {{"both.load.model", {"a", "b"}}, {kConvSwitch, {"0", "1"}}};
  const auto refusal = [&](const json& settings) {
    return refusal_of(axes, {{"settings", settings}});
  };
  EXPECT_NE(
      refusal({{{kConvSwitch, "2"}}})
          .find("settings[0]." + std::string(kConvSwitch) + ": \"2\" is no value of this axis"),
      std::string::npos);
  EXPECT_NE(refusal({{{"candidate.env.X", "1"}}}).find("there is no such axis"), std::string::npos);
  EXPECT_NE(refusal({json::object(), json::object()}).find("settings[1]: stands twice"),
            std::string::npos);
}

}  // namespace
}  // namespace sameseed
