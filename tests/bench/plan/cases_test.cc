#include "bench/plan/cases.h"

#include <gtest/gtest.h>

namespace sameseed {
namespace {

using nlohmann::json;

Matrix two_engines() {
  Matrix matrix;
  matrix.engines = {{"reference", "reference"}, {"candidate", "accelerated"}};
  matrix.request = {{"steps", 4}, {"size", "64x64"}, {"deepcache", nullptr}};
  return matrix;
}

TEST(Cases, TakeFromASettingWhatIsOfTheirArm) {
  const Matrix matrix = two_engines();
  const json load = {{"model", "m"}};
  const CaseSource source{matrix, load};
  const Point setting = {{"candidate.env.X", "1"},
                         {"both.env.Y", "2"},
                         {"candidate.load.threads", 3},
                         {"both.request.steps", 5},
                         {"candidate.request.deepcache", "3/0/0"}};
  const Case candidate = source.arm(setting, "candidate", "a cat", 7),
             reference = source.arm(setting, "reference", "a cat", 7);
  EXPECT_EQ(candidate.environment, (json{{"engine", "accelerated"},
                                         {"variables", {{"X", "1"}, {"Y", "2"}}},
                                         {"load", {{"model", "m"}, {"threads", 3}}}}));
  EXPECT_EQ(reference.environment, (json{{"engine", "reference"},
                                         {"variables", {{"X", nullptr}, {"Y", "2"}}},
                                         {"load", {{"model", "m"}}}}));
  EXPECT_EQ(candidate.request, (json{{"steps", 5},
                                     {"size", "64x64"},
                                     {"deepcache", "3/0/0"},
                                     {"prompt", "a cat"},
                                     {"seed", 7}}));
  EXPECT_EQ(reference.request.at("deepcache"), nullptr);
  EXPECT_EQ(reference.request.at("steps"), 5);
}

TEST(Cases, CountTheFoldersOfLorasFromTheMatrix) {
  Matrix matrix = two_engines();
  matrix.folder = "/sweeps";
  const json load = {{"model", "m"}};
  const CaseSource source{matrix, load};
  const json two = json::array({"../styles/ink", {{"path", "/a/b"}, {"scale", 0.5}}});
  const auto loads = [&](const char* axis, const json& value, const char* arm) {
    return source.arm({{axis, value}}, arm, "a cat", 7).environment.at("load");
  };
  EXPECT_EQ(
      loads("candidate.load.lora", two, "candidate").at("lora"),
      json::parse(R"([{"path": "/styles/ink", "scale": 1}, {"path": "/a/b", "scale": 0.5}])"));
  EXPECT_EQ(loads("candidate.load.lora", two, "reference"), load);
  EXPECT_EQ(loads("both.load.lora", nullptr, "candidate"), load);
  EXPECT_EQ(source.oracle({{"both.load.lora", "a"}}, "a cat", 7).environment.at("load").at("lora"),
            json::parse(R"([{"path": "/sweeps/a", "scale": 1}])"));
}

TEST(Cases, OfTheOracleKeepTheModelAndNoSwitch) {
  const Matrix matrix = two_engines();
  const json load = {{"model", "m"}};
  const Point setting = {{"reference.env.X", "1"},
                         {"reference.load.vae", "v"},
                         {"reference.load.threads", 3},
                         {"both.request.deepcache", "3/0/0"},
                         {"both.request.steps", 5}};
  const Case oracle = CaseSource{matrix, load}.oracle(setting, "a", 0);
  EXPECT_EQ(oracle.environment,
            (json{{"engine", "reference"},
                  {"variables", {{"X", nullptr}}},
                  {"load", {{"model", "m"}, {"vae", "v"}, {"precision", "highest"}}}}));
  EXPECT_EQ(oracle.request.at("deepcache"), nullptr);
  EXPECT_EQ(oracle.request.at("steps"), 5);
}

TEST(Cases, OfBothArmsGetTheNoiseOfTheReferencesPrecision) {
  Matrix matrix = two_engines();
  const json load = {{"model", "m"}};
  const auto precision = [&](const Point& setting) {
    return CaseSource{matrix, load}.arm(setting, "candidate", "a", 0).noise_precision;
  };
  EXPECT_EQ(precision({}), "fp32");
  EXPECT_EQ(precision({{"candidate.load.precision", "bf16"}}), "fp32");
  EXPECT_EQ(precision({{"both.load.precision", "fp16"}}), "fp16");
  EXPECT_EQ(precision({{"reference.load.precision", "highest"}}), "fp32");
  matrix.noise_precision = "bf16";
  EXPECT_EQ(precision({{"both.load.precision", "fp16"}}), "bf16");
}

TEST(Cases, WithSwitchesOffKeepEverythingElse) {
  EXPECT_EQ(switches_off({{"candidate.env.ONEFLOW_X", nullptr},
                          {"candidate.env.OTHER", "1"},
                          {"reference.env.ONEFLOW_X", "1"},
                          {"candidate.request.deepcache", "3/0/0"},
                          {"candidate.request.enhance", "unsharp"},
                          {"candidate.load.threads", 2},
                          {"both.request.enhance", "unsharp"}}),
            (Point{{"candidate.env.ONEFLOW_X", "0"},
                   {"candidate.env.OTHER", "1"},
                   {"reference.env.ONEFLOW_X", "1"},
                   {"candidate.request.deepcache", nullptr},
                   {"candidate.request.enhance", nullptr},
                   {"candidate.load.threads", 2},
                   {"both.request.enhance", "unsharp"}}));
}

TEST(Cases, WithSwitchesOffMultiplyInFp16) {
  EXPECT_EQ(switches_off({{"candidate.load.linear", "fp8"},
                          {"candidate.load.fp8_fast_accumulation", 1},
                          {"reference.load.fp16_accumulation", 1}}),
            (Point{{"candidate.load.linear", "fp16"},
                   {"candidate.load.fp8_fast_accumulation", 0},
                   {"reference.load.fp16_accumulation", 1}}));
  // Left out is off already, and another environment would be loaded for nothing.
  const Point absent = {{"candidate.load.linear", nullptr}};
  EXPECT_EQ(switches_off(absent), absent);
}

TEST(Cases, AreListedOnceUnderAnIdOfTheirContent) {
  const Case first = {{{"engine", "e"}}, {{"prompt", "a"}}, "fp32"};
  Case other_prompt = first, other_engine = first, other_noise = first;
  other_prompt.request["prompt"] = "b";
  other_engine.environment["engine"] = "f";
  other_noise.noise_precision = "fp16";
  CaseList list;
  const std::string id = list.add(first);
  EXPECT_EQ(list.add(first), id);
  std::set<std::string> ids = {id};
  for (const Case& made : {other_prompt, other_engine, other_noise}) ids.insert(list.add(made));
  EXPECT_EQ(ids.size(), 4u);
  EXPECT_EQ(list.cases().size(), 4u);
  ASSERT_EQ(list.environments().size(), 2u);
  EXPECT_EQ(list.cases().at(1).at("environment"), list.environments().at(0).at("id"));
  json entry = list.cases().at(0);
  entry.erase("id");
  EXPECT_EQ(id_of(entry), id);
  EXPECT_EQ(id.size(), 16u);
}

}  // namespace
}  // namespace sameseed
