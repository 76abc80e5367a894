#include "bench/plan/floor.h"

#include <gtest/gtest.h>

namespace sameseed {
namespace {

using nlohmann::json;

std::vector<std::string> kinds_of(const std::string& reference, const std::string& candidate,
                                  const Point& off = {}) {
  Matrix matrix;
  matrix.engines = {{"reference", reference}, {"candidate", candidate}};
  std::vector<std::string> kinds;
  for (const FloorKind& floor : floor_kinds(matrix, off))
    kinds.push_back(std::string(floor.arm) + ": " + floor.kind);
  return kinds;
}

TEST(Floor, AsksOfAnEngineOnlyWhatItCanDo) {
  using Kinds = std::vector<std::string>;
  EXPECT_EQ(kinds_of("reference", "accelerated"),
            (Kinds{"reference: second process", "reference: other thread count",
                   "candidate: second process"}));
  EXPECT_EQ(kinds_of("my engine", "folder /there"), Kinds{"reference: second process"});
  EXPECT_EQ(kinds_of("folder /there", "folder /here"), Kinds{});
}

TEST(Floor, ComparesCudnnsApisWhereTheSettingHasTheNewOne) {
  const char* variable = "reference.env.TORCH_CUDNN_V8_API_DISABLED";
  EXPECT_EQ(kinds_of("reference", "null", {{variable, nullptr}}).back(),
            "reference: cuDNN v8 and v7");
  EXPECT_EQ(kinds_of("reference", "null", {{variable, "1"}}).back(), "candidate: second process");
}

TEST(Floor, MakesTheSamePictureAnotherWay) {
  Matrix matrix;
  matrix.engines = {{"reference", "reference"}, {"candidate", "accelerated"}};
  const auto kinds = floor_kinds(matrix, {});
  const auto remade = [&](std::size_t kind, const char* engine, const json& load) {
    Case made = {{{"engine", engine}, {"load", load}}, {{"seed", 1}}, "fp32"};
    kinds.at(kind).remake(made);
    EXPECT_EQ(made.request, (json{{"seed", 1}}));
    EXPECT_EQ(made.environment.at("engine"), engine);
    made.environment.erase("engine");
    return made.environment;
  };
  EXPECT_EQ(remade(0, "reference", json::object()),
            (json{{"load", json::object()}, {"process", 2}}));
  EXPECT_EQ(remade(1, "reference", json::object()), (json{{"load", {{"threads", 1}}}}));
  EXPECT_EQ(remade(1, "reference", {{"threads", 1}}), (json{{"load", {{"threads", 2}}}}));
  EXPECT_EQ(remade(1, "reference", {{"threads", 2}}), (json{{"load", {{"threads", 1}}}}));
  // The accelerated engine must not find the choices of the first process.
  EXPECT_EQ(remade(2, "accelerated", json::object()),
            (json{{"load", {{"cold", true}}}, {"process", 2}}));
  EXPECT_EQ(remade(2, "null", json::object()), (json{{"load", json::object()}, {"process", 2}}));
}

}  // namespace
}  // namespace sameseed
