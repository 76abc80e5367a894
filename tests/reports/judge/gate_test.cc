#include "reports/judge/gate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "io/files.h"
#include "reports/judge/verdict.h"
#include "reports/summary/summary.h"
#include "tests/reports/judged.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

using nlohmann::json;

std::vector<Gate> gates_of(const std::string& list) {
  const std::filesystem::path file =
      ::testing::TempDir() + ::testing::UnitTest::GetInstance()->current_test_info()->name() +
      ".json";
  write_file(file, R"({"schema":"sameseed/gate/1","gates":[)" + list + "]}");
  try {
    const std::vector<Gate> gates = read_gates(file);
    std::filesystem::remove(file);
    return gates;
  } catch (...) {
    std::filesystem::remove(file);
    throw;
  }
}

json verdict_of(const RawRun& run, const std::string& gates) {
  return judged(report_of(run), gates_of(gates));
}

std::vector<std::string> texts(const json& found) {
  std::vector<std::string> list;
  for (const json& cause : found.at("causes")) list.push_back(cause.at("text"));
  return list;
}

const std::string kGood = R"({"metric":"lpips.alex","statistic":"mean","at_most":0.25})";
const std::string kQuality = R"({"metric":"lpips.alex","statistic":"worst","at_most":0.25})";
const std::string kFast = R"({"timing":"total_ms","statistic":"ratio","at_most":0.5,"where":{")" +
                          kConvAxis + R"(":"1"}})";

// It would pass whatever the pictures are.
TEST(Gate, ThatBoundsTheGoodSideOnlyIsAnError) {
  for (const char* gate :
       {R"({"metric":"lpips.alex","statistic":"mean","at_least":-1})",
        R"({"metric":"psnr.rgb","statistic":"worst","at_most":99})",
        R"({"metric":"lpips.alex","statistic":"mean","at_least":0,"by":"interval"})"}) {
    const auto verdict = verdict_of(small_run(), gate);
    EXPECT_EQ(verdict.at("code"), 1) << gate;
    EXPECT_NE(verdict.dump().find("any loss would pass this one"), std::string::npos) << gate;
  }
  EXPECT_EQ(verdict_of(small_run(), R"({"metric":"lpips.alex","statistic":"mean","at_least":0,
                                        "at_most":0.25})")
                .at("code"),
            0);
}

// A bound at the end of the metric's range is one that nothing can break.
TEST(Gate, ThatNoPictureCanBreakIsAnError) {
  const auto verdict =
      verdict_of(small_run(), R"({"metric":"psnr.rgb","statistic":"worst","at_least":0})");
  EXPECT_EQ(verdict.at("code"), 1);
  EXPECT_NE(verdict.dump().find("no two pictures have a psnr.rgb below 0"), std::string::npos)
      << verdict.dump();
}

TEST(Verdict, PassesWhereEveryGateDoes) {
  const json found = verdict_of(small_run(), kGood);
  EXPECT_EQ(found.at("code"), 0) << found.dump(1);
  EXPECT_EQ(found.at("gates")[0].at("judged"), 2);
  EXPECT_EQ(found.at("gates")[0].at("passed"), 2);
}

TEST(Verdict, NamesSettingValueBoundAndWorstCaseOfABrokenGate) {
  const json found = verdict_of(small_run(), kQuality);
  EXPECT_EQ(found.at("code"), 2);
  EXPECT_EQ(texts(found), std::vector<std::string>{
                              "gates[0] (lpips.alex worst at most 0.25): conv half 1 against "
                              "reference: 0.3 is more than 0.25; worst case on-1"});
  EXPECT_EQ(found.at("causes")[0].at("comparison"), "on~r");
}

TEST(Verdict, HoldsAtLeastToo) {
  EXPECT_EQ(verdict_of(small_run(), R"({"metric":"psnr.rgb","statistic":"worst","at_least":30})")
                .at("code"),
            0);
  EXPECT_EQ(verdict_of(small_run(), R"({"metric":"psnr.rgb","statistic":"worst","at_least":31})")
                .at("code"),
            2);
}

TEST(Verdict, TakesInfinityForMoreThanAnyBound) {
  RawRun run = small_run();
  for (auto& [pair, score] : run.scores) {
    score["values"]["psnr.rgb"] = nullptr;
    score["nonfinite"]["psnr.rgb"] = "+inf";
  }
  EXPECT_EQ(verdict_of(run, R"({"metric":"psnr.rgb","statistic":"mean","at_least":60})").at("code"),
            0);
}

TEST(Verdict, OfSlownessIsThreeAndOfBothFour) {
  EXPECT_EQ(verdict_of(small_run(6), kFast).at("code"), 3);
  const json both = verdict_of(small_run(6), kFast + "," + kQuality);
  EXPECT_EQ(both.at("code"), 4);
  EXPECT_EQ(both.at("causes").size(), 2u);
}

TEST(Verdict, JudgesAgainstTheSwitchesOffWhereAsked) {
  const json found = verdict_of(
      small_run(),
      R"({"metric":"lpips.alex","statistic":"worst","at_most":0.15,"against":"switches_off"})");
  ASSERT_EQ(found.at("causes").size(), 1u);
  EXPECT_EQ(found.at("causes")[0].at("comparison"), "on~off");
}

TEST(Verdict, JudgesNamedSettingsOnly) {
  const std::string gate =
      R"({"metric":"lpips.alex","statistic":"worst","at_most":0.25,"where":{")" + kConvAxis +
      R"(":"0"}})";
  EXPECT_EQ(verdict_of(small_run(), gate).at("code"), 0);
}

TEST(Verdict, CallsUnknownNamesUsageAndSuggestsTheNearest) {
  EXPECT_EQ(texts(verdict_of(small_run(), R"({"metric":"lpips","statistic":"mean","at_most":1})")),
            std::vector<std::string>{"gates[0] (lpips mean at most 1): there is no metric "
                                     "\"lpips\"; did you mean \"lpips.alex\"?"});
  const json timing =
      verdict_of(small_run(), R"({"timing":"total","statistic":"mean","at_most":1})");
  EXPECT_EQ(timing.at("code"), 1);
  EXPECT_NE(texts(timing)[0].find("did you mean \"total_ms\"?"), std::string::npos);
  const json axis = verdict_of(
      small_run(),
      R"({"metric":"lpips.alex","statistic":"mean","at_most":1,"where":{"candidate.env.CONV":"1"}})");
  EXPECT_EQ(axis.at("code"), 1);
  EXPECT_NE(texts(axis)[0].find("did you mean \"" + kConvAxis + "\"?"), std::string::npos);
  const json value = verdict_of(
      small_run(), R"({"metric":"lpips.alex","statistic":"mean","at_most":1,"where":{")" +
                       kConvAxis + R"(":1}})");
  EXPECT_EQ(value.at("code"), 1);
  EXPECT_NE(texts(value)[0].find("1 is no value of"), std::string::npos);
}

TEST(Verdict, CallsAPlaceWithoutAComparisonUsage) {
  const json found = verdict_of(
      small_run(),
      R"({"metric":"lpips.alex","statistic":"mean","at_most":1,"against":"switches_off","where":{")" +
          kConvAxis + R"(":"0"}})");
  EXPECT_EQ(found.at("code"), 1);
}

TEST(Verdict, IsInconclusiveWithTooFewPairs) {
  const std::string few = R"({"metric":"lpips.alex","statistic":"mean","at_most":1,"min_pairs":3})";
  EXPECT_EQ(verdict_of(small_run(), few).at("code"), 5);
  const std::string untimed = R"({"timing":"total_ms","statistic":"ratio","at_most":1})";
  const json found = verdict_of(small_run(6), untimed);  // off~r has no block
  EXPECT_EQ(found.at("code"), 5);
  EXPECT_EQ(found.at("causes").size(), 1u);
}

// Neither fast nor slow is said of five blocks, by value or by interval, and no number is shown.
TEST(Verdict, IsInconclusiveWithTooFewBlocksForARatio) {
  const std::string where = R"(,"where":{")" + kConvAxis + R"(":"1"}})";
  for (const char* by : {"value", "interval"})
    for (const char* bound : {"0.5", "0.9"}) {  // 0.8 would fail it, and pass it
      const std::string gate = std::string(R"({"timing":"total_ms","statistic":"ratio","by":")") +
                               by + R"(","at_most":)" + bound + where;
      const json found = verdict_of(small_run(5), gate);
      EXPECT_EQ(found.at("code"), 5) << gate;
      EXPECT_NE(texts(found).at(0).find("conv half 1 against reference: too few blocks (5 of 6)"),
                std::string::npos)
          << texts(found).at(0);
      EXPECT_TRUE(found.at("gates")[0].at("settings")[0].at("tests").empty()) << found.dump();
    }
  EXPECT_EQ(verdict_of(small_run(6), kFast).at("code"), 3);
}

TEST(Verdict, NeverPassesAMissingValue) {
  RawRun run = small_run();
  (*run.scorer)["metrics"][1]["unavailable"] = "no weights";
  const json found = verdict_of(run, kGood);
  EXPECT_EQ(found.at("code"), 5);
  EXPECT_NE(texts(found)[0].find("no weights"), std::string::npos);
  const std::string excluded =
      R"({"metric":"psnr.rgb","statistic":"mean","at_least":1,"where":{")" + kConvAxis +
      R"(":null}})";
  EXPECT_EQ(verdict_of(small_run(), excluded).at("code"), 5);
}

TEST(Verdict, IsInconclusiveWhereAMetricLacksOnePair) {
  RawRun run = small_run();
  run.scores.at({"on-1", "r-1"})["values"].erase("lpips.alex");
  const json found = verdict_of(run, kGood);
  EXPECT_EQ(found.at("code"), 5);
  EXPECT_EQ(texts(found),
            std::vector<std::string>{"gates[0] (lpips.alex mean at most 0.25): conv half 1 against "
                                     "reference: 1 pair has it, at least 2 are needed"});
  run.scores.at({"on-0", "r-0"})["values"]["lpips.alex"] = 0.3;  // and the other one is bad enough
  EXPECT_EQ(verdict_of(run, kGood).at("code"), 2);
}

TEST(Verdict, OfAFailedSampleIsInfrastructureUnlessQualityIsWorse) {
  RawRun run = small_run();
  run.samples.at("q:off-0")["outcome"] = "crashed";
  run.samples.at("q:off-0")["error"] = "signal 9";
  run.scores.erase({"off-0", "r-0"});
  run.scores.erase({"on-0", "off-0"});
  const json crashed = verdict_of(run, kGood);
  EXPECT_EQ(crashed.at("code"), 7);
  EXPECT_EQ(texts(crashed), std::vector<std::string>{"sample q:off-0: crashed: signal 9"});
  EXPECT_EQ(crashed.at("causes")[0].at("kind"), "crashed");
  EXPECT_EQ(verdict_of(run, kQuality).at("code"), 2);
}

TEST(Verdict, CountsMissingSamplesInsteadOfListingThem) {
  RawRun run = small_run();
  run.samples.clear();
  const json found = verdict_of(run, kGood);
  EXPECT_EQ(found.at("code"), 7);
  ASSERT_EQ(found.at("causes").size(), 1u) << found.dump(1);
  EXPECT_EQ(texts(found)[0].substr(0, 23), "14 samples are missing,");
}

TEST(Verdict, OfRefusedPairsAndOfAnUnscoredRunIsInfrastructure) {
  RawRun run = small_run();
  run.scores.at({"on-1", "r-1"})["refused"] = "the arms had different noise";
  EXPECT_EQ(verdict_of(run, kGood).at("code"), 7);
  run = small_run();
  run.scorer.reset();
  run.scores.clear();
  EXPECT_EQ(verdict_of(run, kGood).at("code"), 7);
}

TEST(Verdict, PutsASwitchThatDidNotActBeforeInfrastructure) {
  RawRun run = small_run();
  run.samples.at("q:on-0")["engagement"]["conv_half"] = 0;
  run.samples.erase("q:off-1");
  const json found = verdict_of(run, kGood);
  EXPECT_EQ(found.at("code"), 8);
  EXPECT_EQ(found.at("causes").back().at("code"), 7);
}

TEST(Verdict, NamesAnIdleVariableWhereItIsSet) {
  RawRun run = small_run();
  run.plan["environments"][1]["variables"][kConv] = nullptr;
  run.plan["comparisons"][0]["setting"][kConvAxis] = nullptr;
  for (auto& [id, record] : run.samples) {
    record["engagement"]["conv_half"] = 0;
    record["engagement"]["conv_float"] = 10;
    if (record.at("case").get<std::string>().starts_with("off"))
      record["effective"][kConv] = {{"value", nullptr}, {"means", "on"}, {"default", true}};
  }
  const json found = verdict_of(run, kGood);
  EXPECT_EQ(found.at("code"), 8);
  std::vector<std::string> idle;
  for (const json& cause : found.at("causes"))
    if (cause.at("kind") == "engagement") idle.push_back(cause.at("text"));
  ASSERT_EQ(idle.size(), 1u) << found.dump(1);
  EXPECT_NE(idle[0].find(" = \"1\": "), std::string::npos) << idle[0];
}

TEST(Verdict, OfAThrottledSampleIsSixAndNeverThree) {
  RawRun run = small_run();
  run.samples.at("t:0:1")["invalid"] = {"throttled"};
  const json found = verdict_of(run, kFast);
  EXPECT_EQ(found.at("code"), 6);
  EXPECT_EQ(found.at("causes").size(), 1u) << found.dump(1);
  EXPECT_EQ(verdict_of(run, kQuality).at("code"), 2);
}

TEST(Verdict, OfTwoCohortsIsSixAndNeverThree) {
  RawRun run = small_run();
  run.starts.push_back(run.starts[0]);
  run.starts[1]["cohort"]["matrix"] = "n";
  EXPECT_EQ(verdict_of(run, kFast).at("code"), 6);
}

TEST(Verdict, ForgivesTheUnsupported) {
  RawRun run = small_run();
  for (auto& [id, record] : run.samples)
    if (record.at("case").get<std::string>().starts_with("on")) record["outcome"] = "unsupported";
  EXPECT_EQ(verdict_of(run, kGood).at("code"), 0);
  EXPECT_EQ(verdict_of(run, kGood).at("gates")[0].at("unsupported"), 1);
  EXPECT_EQ(verdict_of(run, kFast).at("code"), 5);  // nothing was left to judge
}

TEST(Verdict, WithoutGatesIsNotJudgedUnlessTheRunItselfIsWrong) {
  RawRun run = small_run();
  run.samples.at("t:0:1")["invalid"] = {"throttled"};  // nothing is said of times
  const json bare = judged(report_of(run), std::nullopt);
  EXPECT_EQ(bare.at("code"), 0);
  EXPECT_EQ(bare.at("word"), "NOT JUDGED");
  run.samples.at("q:on-0")["outcome"] = "hung";
  EXPECT_EQ(judged(report_of(run), std::nullopt).at("code"), 7);
  RawRun two = small_run();
  two.starts.push_back(two.starts[0]);
  two.starts[1]["cohort"]["matrix"] = "n";
  const json mixed = judged(report_of(two), std::nullopt);
  EXPECT_EQ(mixed.at("code"), 6);
  EXPECT_EQ(mixed.at("word"), "ERROR: the run is made of two things");
}

TEST(Verdict, NamesASwitchThatDidNotActFirstWithGatesOrWithout) {
  RawRun run = small_run();
  run.samples.at("q:on-0")["engagement"]["conv_half"] = 0;
  run.samples.erase("q:off-1");
  for (const json& found : {judged(report_of(run), std::nullopt), verdict_of(run, kGood)}) {
    EXPECT_EQ(found.at("code"), 8);
    EXPECT_EQ(found.at("word"), "FAIL: a switch did not act");
    EXPECT_EQ(found.at("causes")[0].at("kind"), "engagement");
    EXPECT_TRUE(texts(found)[0].starts_with("conv half 1 did not act: " + kConvAxis + " = \"1\": "))
        << texts(found)[0];
    EXPECT_TRUE(
        texts(found)[0].ends_with("in 2 comparisons, the first is conv half 1 against "
                                  "reference"))
        << texts(found)[0];
  }
  // A gate that fails decides the code, and the switch still stands first.
  const json failed = verdict_of(run, kQuality);
  EXPECT_EQ(failed.at("code"), 2);
  EXPECT_EQ(failed.at("word"), "FAIL: picture quality; a switch did not act");
  EXPECT_EQ(failed.at("causes")[0].at("kind"), "engagement");
}

TEST(Verdict, IsInWords) {
  EXPECT_EQ(verdict_of(small_run(), kGood).at("word"), "PASS");
  EXPECT_EQ(verdict_of(small_run(), kQuality).at("word"), "FAIL: picture quality");
  EXPECT_EQ(verdict_of(small_run(6), kFast).at("word"), "FAIL: speed");
  EXPECT_EQ(verdict_of(small_run(6), kFast + "," + kQuality).at("word"),
            "FAIL: picture quality and speed");
  EXPECT_EQ(
      verdict_of(small_run(), R"({"metric":"lpips","statistic":"mean","at_most":1})").at("word"),
      "ERROR: the gates cannot be used");
  EXPECT_EQ(
      verdict_of(small_run(),
                 R"({"metric":"lpips.alex","statistic":"mean","at_most":1,"min_pairs":3},)" + kGood)
          .at("word"),
      "INCONCLUSIVE: 1 of 2 gates has no answer");
  RawRun run = small_run();
  for (const char* lost : {"q:on-0", "q:on-1", "q:off-0"}) run.samples.erase(lost);
  EXPECT_EQ(verdict_of(run, kGood).at("word"), "ERROR: 3 samples missing");
  run.samples.at("q:off-1")["outcome"] = "crashed";
  EXPECT_EQ(verdict_of(run, kGood).at("word"), "ERROR: 1 sample crashed, 3 samples missing");
}

TEST(Verdict, TellsFailuresThatAreAlikeOnce) {
  RawRun run = small_run();
  for (const char* id : {"q:on-0", "q:on-1", "q:off-0"}) {
    run.samples.at(id)["outcome"] = "crashed";
    run.samples.at(id)["error"] = std::string("sample ") + id + ": no such file";
  }
  run.samples.at("q:off-1")["outcome"] = "crashed";
  run.samples.at("q:off-1")["error"] = "signal 11";
  const json found = verdict_of(run, kGood);
  ASSERT_EQ(found.at("causes").size(), 2u) << found.dump(1);
  std::vector<std::string> said = texts(found);
  EXPECT_NE(std::ranges::find(said, "sample q:off-1: crashed: signal 11"), said.end());
  EXPECT_NE(std::ranges::find(said,
                              "3 samples failed alike: crashed: sample q:off-0: no such file; the "
                              "first is sample q:off-0"),
            said.end())
      << found.dump(1);
  EXPECT_EQ(found.at("word"), "ERROR: 4 samples crashed");
}

TEST(Verdict, WithUnreadableGatesIsUsageAndKeepsTheOtherCauses) {
  RawRun run = small_run();
  run.samples.erase("q:on-0");
  const Verdict found = verdict_without_gates(summary_of(run), "gates.json: not valid JSON");
  EXPECT_EQ(found.code, 1);
  EXPECT_EQ(found.causes.size(), 2u);
}

}  // namespace
}  // namespace sameseed
