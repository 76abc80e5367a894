// Gates that ask for a class.
#include <gtest/gtest.h>

#include "io/error.h"
#include "reports/judge/coverage.h"
#include "reports/judge/sample_size.h"
#include "tests/reports/judged.h"
#include "tests/reports/synthetic_report.h"

namespace sameseed {
namespace {

using nlohmann::json;

std::vector<Gate> class_gates(const std::string& gate) {
  return parse_gates(R"({"schema":"sameseed/gate/1","gates":[)" + gate + "]}", "g.json");
}

std::string class_message(const std::string& gate) try {
  class_gates(gate);
  return "";
} catch (const UserError& error) {
  return error.what();
}

// The verdict on one setting of this class, empty: not told.
json verdict_on(const std::string& name, const std::string& at_best, const std::string& wanted) {
  json report = synthetic_report({{"3/0/0", {0.1, 0.2}, {}}});
  report["comparisons"][0]["class"] = {{"name", name.empty() ? json() : json(name)},
                                       {"at_best", at_best},
                                       {"because", "of evidence"}};
  return judged(report, class_gates(R"({"class":")" + wanted + R"(","because":"a rule"})"));
}

int code_on(const std::string& name, const std::string& at_best, const std::string& wanted) {
  return verdict_on(name, at_best, wanted).at("code");
}

TEST(ClassGate, PassesOnTheClassOrABetterOne) {
  EXPECT_EQ(code_on("other rounding", "within the floor", "other rounding"), 0);
  EXPECT_EQ(code_on("bit-equal", "bit-equal", "other rounding"), 0);
  EXPECT_EQ(code_on("approximate", "approximate", "approximate"), 0);
}

TEST(ClassGate, FailsWhereTheClassIsShownToBeWorse) {
  const json failed = verdict_on("approximate", "approximate", "other rounding");
  EXPECT_EQ(failed.at("code"), 2);
  EXPECT_EQ(failed.at("causes")[0].at("text"),
            "gates[0] (class other rounding or better): deepcache 3/0/0 against reference: it is "
            "approximate: of evidence; a rule");
  EXPECT_EQ(failed.at("gates")[0].at("by"), "class");
  EXPECT_EQ(code_on("", "within the floor", "bit-equal"), 2);  // a byte differs: no more is needed
  EXPECT_EQ(code_on("", "other rounding", "within the floor"), 2);
}

TEST(ClassGate, IsInconclusiveWhereNothingIsShown) {
  const json doubtful = verdict_on("", "within the floor", "within the floor");
  EXPECT_EQ(doubtful.at("code"), 5);
  EXPECT_EQ(doubtful.at("causes")[0].at("text"),
            "gates[0] (class within the floor or better): deepcache 3/0/0 against reference: it is "
            "not told; at best within the floor: of evidence");
  // Of another class, which says nothing of the floor: that was not measured.
  EXPECT_EQ(code_on("other rounding", "within the floor", "within the floor"), 5);
  EXPECT_EQ(code_on("", "bit-equal", "bit-equal"), 5);
}

TEST(ClassGate, OfAReportWithoutClassesTellsNothing) {
  const json old = synthetic_report({{"3/0/0", {0.1, 0.2}, {}}});
  EXPECT_EQ(judged(old, class_gates(R"({"class":"bit-equal"})")).at("code"), 5);
}

TEST(ClassGate, CoversItsSettings) {
  const json report = synthetic_report({{"3/0/0", {0.1}, {}}, {"5/0/0", {0.1}, {}}});
  const Summary summary = summary_of_report(report);
  const auto left_out = [&](const std::string& gate) {
    std::vector<std::string> labels;
    for (const auto& one : uncovered(summary, verdict_of(summary, class_gates(gate))).settings)
      labels.push_back(one.label);
    return labels;
  };
  EXPECT_TRUE(left_out(R"({"class":"bit-equal"})").empty());
  EXPECT_EQ(left_out(R"({"class":"bit-equal","where":{"candidate.request.deepcache":"3/0/0"}})"),
            std::vector<std::string>{"deepcache 5/0/0"});
}

TEST(ClassGate, IsReadOrRefusedWithTheFieldToChange) {
  EXPECT_EQ(class_message(R"({"class":"other rounding","where":{},"because":"a rule"})"), "");
  const std::string unknown = class_message(R"({"class":"identical"})");
  EXPECT_NE(unknown.find("gates[0].class"), std::string::npos) << unknown;
  for (const char* name : {"bit-equal", "within the floor", "other rounding", "approximate"})
    EXPECT_NE(unknown.find(name), std::string::npos) << unknown;
  EXPECT_NE(class_message(R"({"class":"bit-equal","at_most":1})").find("gates[0].at_most"),
            std::string::npos);
  EXPECT_NE(class_message(R"({"class":"bit-equal","metric":"ssim","statistic":"mean"})")
                .find("exactly one of metric, timing, class"),
            std::string::npos);
  EXPECT_NE(
      class_message(R"({"metric":"ssim","at_most":1})").find("gates[0].statistic: is missing"),
      std::string::npos);
}

// Of twelve prompts the first six are equal to the byte.
TEST(ClassGate, IsJudgedOnTheStatedSampleOnly) {
  Summary summary;
  Comparison comparison{.id = "c", .against = "reference", .status = "ok"};
  for (int i = 0; i < 12; ++i)
    comparison.pairs.push_back({.pair = {.prompt = "prompt " + std::to_string(100 + i)},
                                .scored = true,
                                .equal_pictures = i < 6,
                                .equal_latents = true,
                                .pictures = {.candidate = "c", .reference = "r"}});
  comparison.setting_class = class_of(comparison, {}, {});
  summary.comparisons = {comparison};
  EXPECT_EQ(class_label(comparison.setting_class), "not told");
  EXPECT_EQ(class_label(of_first_prompts(summary, 6).comparisons[0].setting_class), "bit-equal");
  EXPECT_EQ(class_label(of_first_prompts(summary, 7).comparisons[0].setting_class), "not told");
}

// The floor is exactly 0 in the first twelve prompts, which are all that count.
TEST(ClassGate, IsHeldAgainstTheFloorOfTheStatedSampleOnly) {
  const auto values = [](double loss) {
    return std::map<std::string, double>{
        {"lpips.alex", loss}, {"ssim.gaussian", 1 - loss}, {"latents.relative_l2", loss}};
  };
  Summary summary;
  summary.metrics = {{.name = "lpips.alex"},
                     {.name = "ssim.gaussian", .better = Direction::kHigher, .identical = 1},
                     {.name = "latents.relative_l2"}};
  Comparison comparison{.id = "c", .against = "reference", .status = "ok"};
  FloorRow row{.id = "f", .arm = "reference", .kind = "second process"};
  for (int i = 0; i < 24; ++i) {
    const Pair pair{.prompt = "prompt " + std::to_string(100 + i)};
    comparison.pairs.push_back({.pair = pair,
                                .scored = true,
                                .values = values(i == 2 ? 0.001 : 0),
                                .equal_pictures = i != 2,
                                .equal_latents = i != 2,
                                .pictures = {.candidate = "c", .reference = "r"}});
    row.cases.push_back({.pair = pair, .scored = true, .values = values(i == 20 ? 1e-4 : 0)});
  }
  comparison.quality["lpips.alex"].floors["f"] = {.row = "f"};
  summary.noise_floor.rows = {row};
  summary.comparisons = {comparison};
  const ClassReading first = of_first_prompts(summary, 12).comparisons[0].setting_class;
  EXPECT_EQ(name_of(first.at_best), std::string("other rounding")) << first.because;
  EXPECT_NE(first.because.find("exactly 0"), std::string::npos) << first.because;
}

}  // namespace
}  // namespace sameseed
