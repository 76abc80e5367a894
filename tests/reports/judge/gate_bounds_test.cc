// The bounds that are measured: a noise floor, an accepted run, ratios of times.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "reports/judge/gate_observations.h"
#include "reports/judge/verdict.h"
#include "tests/reports/judge/interval_gates.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

TEST(FloorGate, HoldsTheLossAgainstSoManyFloorsPairByPair) {
  json report = report_of(about(0.1, 0.02, 8));
  add_floor(report, kFloor, about(0.06, 0.01, 8));
  const auto gate = [&](const std::string& times) {
    return R"({"metric":"lpips.alex","statistic":"mean","at_most":{"floor":")" + kFloor +
           R"(","times":)" + times + "}}";
  };
  EXPECT_EQ(code_of(report, gate("2.5")), 0);
  EXPECT_EQ(code_of(report, gate("1")), 2);
  // 0.1 +- 0.02 less twice 0.05 +- 0.01 is nothing, pair by pair: without pairing it were open.
  json twice = report_of(about(0.1, 0.02, 8));
  add_floor(twice, kFloor, about(0.05, 0.01, 8));
  EXPECT_EQ(code_of(twice, gate("2.0000001")), 0);
}

TEST(FloorGate, OfAFloorThatIsExactlyZeroPassesOnlyTheIdentical) {
  const std::string gate = R"({"metric":"lpips.alex","statistic":"mean","at_most":{"floor":")" +
                           kFloor + R"(","times":3}})";
  json same = report_of(std::vector<double>(8, 0.0)), other = report_of(about(0.001, 0.0001, 8));
  for (json* report : {&same, &other}) add_floor(*report, kFloor, std::vector<double>(8, 0.0));
  EXPECT_EQ(code_of(same, gate), 0);
  EXPECT_EQ(code_of(other, gate), 2);
}

TEST(FloorGate, IsRefusedWhereTheFloorWasNotMeasured) {
  const std::string gate = R"({"metric":"lpips.alex","statistic":"mean","at_most":{"floor":")" +
                           kFloor + R"(","times":2}})";
  json report = report_of(about(0.1, 0.02, 8));
  EXPECT_EQ(code_of(report, gate), 1);
  EXPECT_TRUE(holds(text_of(report, gate), "was not measured")) << text_of(report, gate);
  EXPECT_TRUE(holds(text_of(report, gate), "`sameseed run --floor`"));
  add_floor(report, "candidate, second process", about(0.05, 0.01, 8));
  EXPECT_EQ(code_of(report, gate), 1);
  EXPECT_TRUE(holds(text_of(report, gate), "there is \"candidate, second process\""));
}

const std::string kBaseline =
    R"({"metric":"lpips.alex","statistic":"mean","at_most":{"baseline":true,"margin":0.01}})";

const std::string kRatioBaseline =
    R"({"timing":"total_ms","statistic":"ratio","at_most":{"baseline":true,"margin":0.03}})";

json with_first(const json& report, const std::string& gate, const json& accepted,
                const json& first) {
  const Summary summary = summary_of_report(report), theirs = summary_of_report(accepted);
  const FirstBaseline of_first{.accepted = "2026-10-01T03:00:00Z",
                               .report = summary_of_report(first)};
  return verdict_json(verdict_of(summary, gates_of(gate), &theirs, &of_first));
}

TEST(BaselineGate, SaysHowFarQualityHasMovedSinceTheFirst) {
  // Ten nights, each 0.004 worse than the one accepted before and within the margin.
  const json first = report_of(about(0.1, 0.05, 12));
  for (int night = 1; night <= 10; ++night) {
    const json accepted = report_of(about(0.1 + 0.004 * (night - 1), 0.05, 12)),
               tonight = report_of(about(0.1 + 0.004 * night, 0.05, 12));
    const json verdict = with_first(tonight, kBaseline, accepted, first);
    EXPECT_EQ(verdict.at("code"), 0);
    const json drift = verdict.at("gates")[0].at("since_first_baseline");
    EXPECT_NEAR(drift.at("change").get<double>(), 0.004 * night, 1e-12);
    if (night < 10) continue;
    EXPECT_EQ(drift.at("text"), "since the first baseline (2026-10-01): +0.04 in deepcache 3/0/0");
  }
}

TEST(BaselineGate, SaysItOfNumbersAndOfTimesTooAndOfTheWorstSetting) {
  const json first = synthetic_report({{"3/0/0", {0.1, 0.2}, kBlocks}, {"5/0/0", {0.3, 0.3}, {}}}),
             now = synthetic_report(
                 {{"3/0/0", {0.09, 0.19}, about(0.88, 0.011, 8)}, {"5/0/0", {0.32, 0.34}, {}}});
  const auto drift = [&](const std::string& gate, const json& since) {
    return with_first(now, gate, since, since).at("gates")[0].value("since_first_baseline", json());
  };
  EXPECT_EQ(drift(R"({"metric":"lpips.alex","statistic":"worst","at_most":1})", first).at("text"),
            "since the first baseline (2026-10-01): +0.03 in deepcache 5/0/0");
  EXPECT_EQ(drift(R"({"timing":"total_ms","statistic":"ratio","at_most":1})", first).at("text"),
            "since the first baseline (2026-10-01): +10 % of time in deepcache 3/0/0");
  json foreign = first;  // says nothing of this run
  foreign["cohort"]["recipe"] = "another";
  EXPECT_TRUE(
      drift(R"({"metric":"lpips.alex","statistic":"worst","at_most":1})", foreign)
          .at("text")
          .get<std::string>()
          .starts_with(
              "since the first baseline (2026-10-01): not told: the baseline is of another"));
}

TEST(BaselineGate, SaysWhyNothingIsToldSinceTheFirstAndOfHowManyPrompts) {
  const json tonight = report_of(about(0.1, 0.02, 12), about(0.8, 0.01, 12));
  const auto drift = [&](const json& now, const std::string& gate, const json& first) {
    return with_first(now, gate, first, first)
        .at("gates")[0]
        .value("since_first_baseline", json())
        .value("text", "");
  };
  const std::string since = "since the first baseline (2026-10-01): ";
  const json few = report_of(about(0.1, 0.02, 12), about(0.8, 0.01, 5));
  EXPECT_EQ(drift(few, kRatioBaseline, tonight), since + "not told: too few blocks (5 of 6)");
  EXPECT_EQ(drift(tonight, kRatioBaseline, few),
            since + "not told: the baseline has too few blocks (5 of 6)");
  json other = tonight;
  other["cohort"]["recipe"] = "other";
  EXPECT_TRUE(drift(tonight, kBaseline, other).starts_with(since + "not told: the baseline is of"))
      << drift(tonight, kBaseline, other);
  EXPECT_EQ(drift(tonight, kBaseline, report_of(about(0.1, 0.02, 8))),
            since + "+0 in deepcache 3/0/0 (8 of 12 prompts)");
}

TEST(BaselineGate, TakesNoRunForItsOwnBaseline) {
  json report = report_of(about(0.1, 0.02, 12), about(0.8, 0.01, 12)), other = report;
  report["run"] = {{"start", "one"}, {"started", "2026-11-01T01:00:00Z"}};
  other["run"] = {{"start", "two"}, {"started", "2026-11-02T01:00:00Z"}};
  for (const std::string& gate : {kBaseline, kRatioBaseline}) {
    EXPECT_EQ(code_of(report, gate, &other), 0);
    EXPECT_EQ(code_of(report, gate, &report), 5);
    EXPECT_TRUE(holds(text_of(report, gate, &report), "the baseline is this same run"));
  }
}

TEST(BaselineGate, AllowsTheMarginAndNoMore) {
  const json accepted = report_of(about(0.1, 0.05, 12));
  json report = report_of(about(0.102, 0.05, 12));  // pair by pair 0.002 more
  EXPECT_EQ(code_of(report, kBaseline, &accepted), 0);
  report = report_of(about(0.12, 0.05, 12));
  EXPECT_EQ(code_of(report, kBaseline, &accepted), 2);
  EXPECT_TRUE(holds(text_of(report, kBaseline, &accepted),
                    "mean loss less the baseline's 0.02 [0.02, 0.02]"))
      << text_of(report, kBaseline, &accepted);
  report = report_of(about(0.108, 0.07, 12));
  EXPECT_EQ(code_of(report, kBaseline, &accepted), 5);
}

TEST(BaselineGate, IsUsageWithoutABaseline) {
  const json report = report_of(about(0.1, 0.05, 12));
  EXPECT_EQ(code_of(report, kBaseline), 1);
  EXPECT_TRUE(holds(text_of(report, kBaseline), "--baseline REPORT.json"));
}

TEST(BaselineGate, IsInconclusiveWhereTheBaselineHasNoSuchSetting) {
  const json report = report_of(about(0.1, 0.05, 12)),
             accepted = synthetic_report({{"5/0/0", about(0.1, 0.05, 12), kBlocks}});
  EXPECT_EQ(code_of(report, kBaseline, &accepted), 5);
}

TEST(BaselineGate, OfAnotherCohortIsSix) {
  const json report = report_of(about(0.1, 0.05, 12));
  json accepted = report;
  accepted["cohort"]["recipe"] = "other";
  EXPECT_EQ(code_of(report, kBaseline, &accepted), 6);
  accepted = report;
  accepted["cohort"]["metrics"]["lpips.alex"] = "v0.0";
  EXPECT_EQ(code_of(report, kBaseline, &accepted), 6);
  accepted = report;
  accepted["cohort"]["workers"]["reference {}"] = {{"files", {{"unet", "another"}}}};
  json made = report;
  made["cohort"]["workers"]["reference {}"] = {{"files", {{"unet", "one"}}}};
  EXPECT_EQ(code_of(made, kBaseline, &accepted), 6);
  for (const char* part : {"files", "program"}) {
    made = accepted = report;
    for (json* one : {&made, &accepted})
      (*one)["cohort"]["workers"]["reference {}"] = {{part, "not recorded"}};
    EXPECT_EQ(code_of(made, kBaseline, &accepted), 6);  // nobody knows
  }
  accepted = report;
  accepted["cohort"]["workers"]["another engine {}"] = {{"files", json::object()}};
  EXPECT_EQ(code_of(report, kBaseline, &accepted), 6);
  EXPECT_EQ(code_of(accepted, kBaseline, &report), 6);
  accepted = report;
  accepted["cohort"]["variables"] = {{"OMP_NUM_THREADS", "1"}};
  EXPECT_EQ(code_of(report, kBaseline, &accepted), 6);
  accepted = report;
  accepted["cohort"]["host"]["cpu"] = "another cpu";
  EXPECT_EQ(code_of(report, kBaseline, &accepted), 0);  // a picture is the same there
  EXPECT_EQ(code_of(report,
                    R"({"timing":"total_ms","statistic":"ratio",
                        "at_most":{"baseline":true,"margin":0.03}})",
                    &accepted),
            6);
}

TEST(RatioGate, IsJudgedOverItsBlocks) {
  const json report = report_of(about(0.1, 0.02, 8), about(0.8, 0.02, 8));
  EXPECT_EQ(code_of(report, ratio_gate(R"("at_most":0.85)")), 0);
  EXPECT_EQ(code_of(report, ratio_gate(R"("at_most":0.75)")), 3);
  EXPECT_EQ(code_of(report, ratio_gate(R"("at_most":0.805)")), 5);
  EXPECT_EQ(code_of(report_of({}, about(0.8, 0.02, 5)), ratio_gate(R"("at_most":0.9)")), 5);
}

TEST(RatioGate, FindsThreePercentAgainstTheBaseline) {
  const std::string gate =
      R"({"timing":"total_ms","statistic":"ratio","at_most":{"baseline":true,"margin":0.01}})";
  const json accepted = report_of({}, about(0.8, 0.004, 12));
  EXPECT_EQ(code_of(report_of({}, about(0.824, 0.004, 12)), gate, &accepted), 3);
  EXPECT_EQ(code_of(report_of({}, about(0.8, 0.004, 12)), gate, &accepted), 0);
}

// The baseline's ratio is that of all its blocks, as its report shows it, whichever of them come
// first and however many tonight has.
TEST(RatioGate, HoldsAllBlocksOfBothRunsAgainstEachOther) {
  std::vector<double> wavering = about(0.8, 0.003, 6);
  for (const double late : about(0.6, 0.003, 6)) wavering.push_back(late);
  const json accepted = report_of({}, wavering), steady = report_of({}, about(0.6, 0.003, 12));
  for (const std::size_t blocks : {6u, 12u, 24u}) {
    const json tonight = report_of({}, about(0.8, 0.003, blocks));
    EXPECT_NE(code_of(tonight, kRatioBaseline, &accepted), 0) << blocks;
    EXPECT_EQ(code_of(tonight, kRatioBaseline, &steady), 3) << blocks;
    const json verdict = judged(tonight, gates_of(kRatioBaseline), &accepted);
    const json test = verdict.at("gates")[0].at("settings")[0].at("tests")[0];
    EXPECT_NEAR(test.at("estimate").get<double>(), 0.8 / std::sqrt(0.8 * 0.6), 0.001) << test;
  }
}

TEST(RatioGate, SaysThatTheBaselineHasTooFewBlocks) {
  const json tonight = report_of({}, about(0.8, 0.01, 12)), few = report_of({}, {0.8, 0.8, 0.8}),
             none = report_of({}, {});
  EXPECT_EQ(code_of(tonight, kRatioBaseline, &few), 5);
  EXPECT_TRUE(
      holds(text_of(tonight, kRatioBaseline, &few), "the baseline has too few blocks (3 of 6)"))
      << text_of(tonight, kRatioBaseline, &few);
  EXPECT_TRUE(
      holds(text_of(tonight, kRatioBaseline, &none), "the baseline has too few blocks (0 of 6)"));
}

// Blocks of two starts, and a sample without the timing: what is not there proves nothing.
TEST(GateOnTimes, DoesNotPassWhereBlocksAreMissing) {
  const auto gates = [](const char* by, double most = 2) {
    const json gate = {{"timing", "total_ms"},
                       {"statistic", "ratio"},
                       {"at_most", most},
                       {"by", by},
                       {"where", {{kConvAxis, "1"}}}};
    return parse_gates(json{{"schema", "sameseed/gate/1"}, {"gates", {gate}}}.dump(), "g.json");
  };
  for (const char* by : {"interval", "value"}) {
    EXPECT_EQ(verdict_of(summary_of(small_run(8)), gates(by)).code, 0);
    RawRun run = small_run(8);
    for (const char* id : {"t:3:2", "t:3:3"}) run.samples.at(id)["start"] = "another";
    const Verdict broken = verdict_of(summary_of(run), gates(by));
    EXPECT_EQ(broken.code, 7);
    EXPECT_NE(broken.causes[0].text.find("7 of 8 blocks counted (1 broken: not whole"),
              std::string::npos)
        << broken.causes[0].text;
    const Verdict slow = verdict_of(summary_of(run), gates(by, 0.01));
    EXPECT_EQ(slow.code, 3);
    EXPECT_NE(slow.causes[0].text.find("; 7 of 8 blocks counted (1 broken"), std::string::npos)
        << slow.causes[0].text;
    run = small_run(8);
    run.samples.at("t:3:2")["timings_ms"].erase("total");
    run.samples.at("t:4:2")["timings_ms"]["total"] = 0;
    const Verdict lacking = verdict_of(summary_of(run), gates(by));
    EXPECT_EQ(lacking.code, 7);
    EXPECT_NE(lacking.causes[0].text.find("6 of 8 blocks counted (2 without total_ms"),
              std::string::npos)
        << lacking.causes[0].text;
  }
}

// A report of an older version has a ratio of however many blocks.
TEST(GateOnTimes, TakesNoRatioOfTooFewBlocksFromAReport) {
  const auto gates = parse_gates(
      R"({"schema":"sameseed/gate/1","gates":[{"timing":"total_ms","statistic":"ratio","at_most":2}]})",
      "g.json");
  for (const std::size_t blocks : {1u, 5u, 6u}) {
    const json report =
        synthetic_report({{.deepcache = "3/0/0", .ratios = std::vector<double>(blocks, 1.0)}});
    EXPECT_EQ(judged(report, gates).at("code"), blocks < 6 ? 5 : 0) << blocks;
  }
}

}  // namespace
}  // namespace sameseed
