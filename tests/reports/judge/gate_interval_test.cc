// Gates with statistics: pass, fail and inconclusive.
#include "reports/judge/gate_interval.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "reports/judge/verdict.h"
#include "tests/reports/judge/interval_gates.h"

namespace sameseed {
namespace {

TEST(IntervalGate, PassesFailsOrLeavesOpenByTheIntervalOfTheMean) {
  const std::string gate = lpips_gate(R"("at_most":0.2)");
  EXPECT_EQ(code_of(report_of(about(0.1, 0.02, 8)), gate), 0);
  EXPECT_EQ(code_of(report_of(about(0.3, 0.02, 8)), gate), 2);
  EXPECT_EQ(code_of(report_of(about(0.19, 0.05, 8)), gate), 5);
  EXPECT_EQ(code_of(report_of(about(0.21, 0.05, 8)), gate), 5);  // by value: 2
}

TEST(IntervalGate, IsInconclusiveWithFewerThanSixPairsHoweverClear) {
  EXPECT_EQ(code_of(report_of(about(0.9, 0.01, 5)), lpips_gate(R"("at_most":0.2)")), 5);
  EXPECT_EQ(code_of(report_of(about(0.1, 0.01, 5)), lpips_gate(R"("at_most":0.2)")), 5);
}

TEST(IntervalGate, IsAskedForGateByGate) {
  EXPECT_EQ(code_of(report_of(about(0.21, 0.05, 8)),
                    R"({"metric":"lpips.alex","statistic":"mean","at_most":0.2})"),
            2);
}

TEST(IntervalGate, TellsMeanIntervalAndHowManyPairsWouldDo) {
  const json found =
      judged(report_of(about(0.19, 0.05, 8)), gates_of(lpips_gate(R"("at_most":0.2)")));
  const json& gate = found.at("gates")[0];
  EXPECT_EQ(gate.at("answer"), "inconclusive");
  const json& test = gate.at("settings")[0].at("tests")[0];
  EXPECT_NEAR(test.at("estimate").get<double>(), 0.19, 1e-12);
  EXPECT_LT(test.at("interval").at("low"), 0.19);
  EXPECT_GT(test.at("interval").at("high"), 0.2);
  EXPECT_EQ(test.at("bound"), 0.2);
  // (1.6449 + 0.8416) * 0.05345 / sqrt(8 - 2.7055)
  EXPECT_NEAR(gate.at("smallest_change").at("value").get<double>(), 0.05776, 1e-4);
  EXPECT_EQ(gate.at("smallest_change").at("n"), 8);
  EXPECT_EQ(gate.at("smallest_change").at("half_takes"), 24);  // (2 (8 - 2.71)^0.5)^2 + 2.71
  EXPECT_TRUE(holds(found.at("causes")[0].at("text"), "180 prompts would tell"))
      << found.at("causes")[0].at("text");
}

std::string statistic_gate(const std::string& statistic, const std::string& bound) {
  return R"({"metric":"lpips.alex","by":"interval","statistic":")" + statistic + R"(",)" + bound +
         "}";
}

TEST(IntervalGate, JudgesTheMedianWhateverAPairOrTwoLose) {
  std::vector<double> lpips = about(0.1, 0.02, 12);
  lpips.back() = 5;
  EXPECT_EQ(code_of(report_of(lpips), statistic_gate("median", R"("at_most":0.15)")), 0);
  EXPECT_EQ(code_of(report_of(lpips), statistic_gate("median", R"("at_most":0.07)")), 2);
  EXPECT_EQ(code_of(report_of(lpips), statistic_gate("median", R"("at_most":0.1)")), 5);
  EXPECT_TRUE(holds(text_of(report_of(lpips), statistic_gate("median", R"("at_most":0.07)")),
                    "median 0.1 [0.08, 0.12] is more than 0.07"));
}

TEST(IntervalGate, JudgesTheWorst5ByHowManyPromptsAreBeyond) {
  const std::string gate = statistic_gate("worst5", R"("at_most":0.14)");
  EXPECT_EQ(code_of(report_of(about(0.1, 0.02, 59)), gate), 0);
  EXPECT_EQ(code_of(report_of(about(0.1, 0.02, 58)), gate), 5);
  EXPECT_TRUE(holds(text_of(report_of(about(0.1, 0.02, 58)), gate),
                    "of 58 prompts 0 are beyond it: 59 with no more beyond it would show that at "
                    "most 5 % are"))
      << text_of(report_of(about(0.1, 0.02, 58)), gate);
  std::vector<double> one = about(0.1, 0.02, 92), two = about(0.1, 0.02, 6);
  one[50] = 5;
  EXPECT_EQ(code_of(report_of(one), gate), 5);
  EXPECT_TRUE(holds(text_of(report_of(one), gate), "of 92 prompts 1 is beyond it: 93 with"));
  one.push_back(0.1);
  EXPECT_EQ(code_of(report_of(one), gate), 0);
  two[2] = two[3] = 0.15;
  EXPECT_EQ(code_of(report_of(two), gate), 2);
  EXPECT_TRUE(holds(text_of(report_of(two), gate),
                    "95 % of prompts within 0.15 [0.15, -] is more than 0.14 (p 0.033); of 6 "
                    "prompts 2 are beyond it"))
      << text_of(report_of(two), gate);
  const std::string psnr = R"({"metric":"psnr.rgb","statistic":"worst5","by":"interval",)";
  EXPECT_EQ(code_of(report_of(about(0.1, 0.02, 59)), psnr + R"("at_least":39})"), 0);
  EXPECT_EQ(code_of(report_of(about(0.1, 0.02, 59)), psnr + R"("at_least":41})"), 2);
}

// The pairs of a report, so many seeds each.
json with_seeds(json report, int seeds) {
  for (json& comparison : report["comparisons"]) {
    const json cases = comparison["cases"];
    comparison["cases"] = json::array();
    for (const json& pair : cases)
      for (int seed = 0; seed < seeds; ++seed) {
        comparison["cases"].push_back(pair);
        comparison["cases"].back()["seed"] = seed;
      }
  }
  return report;
}

TEST(IntervalGate, CountsPromptsAndNotTheirSeeds) {
  const std::string gate = lpips_gate(R"("at_most":0.2)");
  EXPECT_EQ(code_of(with_seeds(report_of(about(0.1, 0.02, 5)), 8), gate), 5);
  EXPECT_TRUE(holds(text_of(with_seeds(report_of(about(0.1, 0.02, 5)), 8), gate),
                    "5 prompts have it, at least 6 are needed"));
  EXPECT_EQ(code_of(with_seeds(report_of(about(0.1, 0.02, 8)), 8), gate), 0);
  const auto test = [&](const json& report) {
    return judged(report, gates_of(gate)).at("gates")[0].at("settings")[0].at("tests")[0];
  };
  const std::vector<double> open = about(0.19, 0.05, 8);
  EXPECT_EQ(test(report_of(open)).at("interval"),
            test(with_seeds(report_of(open), 4)).at("interval"));
  EXPECT_EQ(test(with_seeds(report_of(open), 4)).at("n"), 8);
}

TEST(IntervalGate, CountsPromptsWithEqualTokenIdsOnce) {
  json report = report_of(about(0.1, 0.02, 12));
  for (json& pair : report["comparisons"][0]["cases"]) pair["same_as"] = "prompt 1000";
  EXPECT_EQ(code_of(report, lpips_gate(R"("at_most":0.2)")), 5);
  json two = report_of(about(0.1, 0.02, 12));
  two["comparisons"][0]["cases"][1]["same_as"] = "prompt 1000";
  EXPECT_EQ(code_of(two, lpips_gate(R"("at_most":0.2)")), 0);
}

TEST(IntervalGate, AsksForEightPromptsAtNinetyNinePercent) {
  const std::string gate = lpips_gate(R"("at_most":0.2)");
  const auto code = [&](std::size_t n) {
    return judged(report_of(about(0.1, 0.001, n)), gates_of(gate, "0.01")).at("code").get<int>();
  };
  EXPECT_EQ(code(7), 5);
  EXPECT_EQ(code(8), 0);
}

TEST(GateFile, IsOneFamilyForHolm) {
  const json report = report_of({0.19, 0.21, 0.24, 0.20, 0.22, 0.205, 0.23, 0.195, 0.21, 0.215});
  std::string file = lpips_gate(R"("at_most":0.2)");
  EXPECT_EQ(code_of(report, file), 2);
  for (int i = 0; i < 9; ++i) file += "," + lpips_gate(R"("at_most":0.5)");
  EXPECT_EQ(code_of(report, file), 5);
  EXPECT_TRUE(holds(text_of(report, file), "Holm's correction over 10 tests"))
      << text_of(report, file);
}

TEST(GateFile, ThatStatesItsPromptsIsJudgedOnThoseAndNoMore) {
  const auto code = [](const json& report, const std::string& gate) {
    return judged(report,
                  parse_gates(R"({"schema":"sameseed/gate/1","prompts":12,"gates":[)" + gate + "]}",
                              "g.json"))
        .at("code")
        .get<int>();
  };
  // The first twelve hold; those that were added do not.
  std::vector<double> twelve = about(0.1, 0.02, 12), more = twelve;
  for (int i = 0; i < 24; ++i) more.push_back(0.9);
  for (const std::string& gate :
       {lpips_gate(R"("at_most":0.2)"),
        std::string(R"({"metric":"lpips.alex","statistic":"mean","at_most":0.2})")}) {
    EXPECT_EQ(code(report_of(twelve), gate), 0) << gate;
    EXPECT_EQ(code(report_of(more), gate), 0) << gate;
    EXPECT_EQ(code(with_seeds(report_of(more), 3), gate), 0) << gate;
    EXPECT_EQ(code(report_of(about(0.1, 0.02, 11)), gate), 5) << gate;
    EXPECT_EQ(code(with_seeds(report_of(about(0.1, 0.02, 11)), 2), gate), 5) << gate;
    EXPECT_EQ(code_of(report_of(more), gate), 2) << gate;  // without the statement
  }
}

TEST(IntervalGate, TakesABoundOnTheWorst5FromTheirBadSideOnly) {
  EXPECT_EQ(code_of(report_of(about(0.1, 0.02, 8)), statistic_gate("worst5", R"("at_least":0)")),
            1);
  EXPECT_TRUE(
      holds(text_of(report_of(about(0.1, 0.02, 8)), statistic_gate("worst5", R"("at_least":0)")),
            "needs \"at_most\": lower is better"));
  EXPECT_TRUE(holds(text_of(report_of(about(0.1, 0.02, 8)),
                            statistic_gate("worst5", R"("at_least":0,"at_most":1)")),
                    "\"at_most\" only: lower is better"));
}

TEST(IntervalGate, TellsTheSmallestChangeOfTheMeanBesideAnotherStatistic) {
  const json found = judged(report_of(about(0.1, 0.02, 8)),
                            gates_of(statistic_gate("median", R"("at_most":0.2)")));
  EXPECT_EQ(found.at("gates")[0].at("smallest_change").at("of"), "mean");
}

TEST(IntervalGate, TellsWhatTheWholeFileLeavesToShowWhateverTheStatistic) {
  for (const char* statistic : {"median", "mean"}) {
    const json report = report_of(about(0.1, 0.02, 24));
    const std::string gate = statistic_gate(statistic, R"("at_most":0.2)");
    const auto change = [&](const std::string& gates) {
      return judged(report, gates_of(gates))
          .at("gates")[0]
          .at("smallest_change")
          .at("value")
          .get<double>();
    };
    std::string many = gate;
    for (int i = 0; i < 20; ++i) many += "," + lpips_gate(R"("at_most":0.2)");
    EXPECT_GT(change(many), 1.3 * change(gate)) << statistic;
  }
}

TEST(IntervalGate, DoesNotTakeRoundingForASpread) {
  json accepted = report_of(about(0.1, 0.02, 8)), report = accepted;
  for (json& one : report["comparisons"][0]["cases"])
    one["values"]["lpips.alex"] = one["values"]["lpips.alex"].get<double>() + 0.004;
  const std::string gate =
      R"({"metric":"lpips.alex","statistic":"mean","at_most":{"baseline":true,"margin":0.005}})";
  const json found = judged(report, gates_of(gate), &accepted).at("gates")[0];
  EXPECT_EQ(found.at("smallest_change").at("value"), 0) << found.at("text");
}

TEST(IntervalGate, HoldsAtLeastAndDecibelsByTheirSquaredError) {
  const json report = report_of(about(0.1, 0.02, 8));  // PSNR is 40 dB everywhere
  const auto psnr = [](const std::string& bound) {
    return R"({"metric":"psnr.rgb","statistic":"mean","by":"interval",)" + bound + "}";
  };
  EXPECT_EQ(code_of(report, psnr(R"("at_least":39)")), 0);
  EXPECT_EQ(code_of(report, psnr(R"("at_least":41)")), 2);
  EXPECT_EQ(code_of(report, psnr(R"("at_least":1,"at_most":41)")), 0);
  EXPECT_EQ(code_of(report, psnr(R"("at_least":1,"at_most":39)")), 2);
  EXPECT_TRUE(holds(text_of(report, psnr(R"("at_least":41)")), "mean 40 [40, 40] is less than 41"));
  EXPECT_EQ(code_of(report, lpips_gate(R"("at_least":0.05,"at_most":0.2)")), 0);
  EXPECT_EQ(code_of(report, lpips_gate(R"("at_least":0.15,"at_most":0.2)")), 2);
}

TEST(IntervalGate, TellsDecibelsAsDecibels) {
  json report = report_of(about(0.1, 0.02, 16));
  json& cases = report["comparisons"][0]["cases"];
  for (std::size_t i = 0; i < cases.size(); ++i)
    cases[i]["values"]["psnr.rgb"] = i % 2 == 0 ? 39 : 41;
  for (const char* gate :
       {R"({"metric":"psnr.rgb","statistic":"mean","by":"interval","at_least":40})",
        R"({"metric":"psnr.rgb","statistic":"mean","at_least":40})"}) {
    const json change = judged(report, gates_of(gate)).at("gates")[0].at("smallest_change");
    EXPECT_EQ(change.at("unit"), "dB");
    // Squared errors of 8.186 and 5.165 levels^2 spread by 1.560; of 6.503 (40 dB)
    // (1.6449 + 0.8416) * 1.560 / sqrt(16 - 2.7055) = 1.064 more are 10 log10(1 + 0.1636) dB.
    EXPECT_NEAR(change.at("value").get<double>(), 0.66, 0.02);
    // Half of it, 0.33 dB, are 0.512 levels^2: (2.4865 * 1.560 / 0.512)^2 + 2.7 prompts.
    EXPECT_NEAR(change.at("half_takes").get<double>(), 60, 2);
  }
}

TEST(IntervalGate, DoesNotSayWhatHalfAChangeTakesWhereSoFewAreTooFewForTheFormula) {
  // Six tests of six prompts: the formula has 6 - z^2 = 0.3 left, and would say 7 for half.
  std::string gates = lpips_gate(R"("at_most":0.2)");
  for (int i = 0; i < 5; ++i) gates += "," + lpips_gate(R"("at_most":0.)" + std::to_string(3 + i));
  const json gate = judged(report_of(about(0.19, 0.05, 6)), gates_of(gates)).at("gates")[0];
  EXPECT_FALSE(gate.at("smallest_change").contains("half_takes")) << gate;
  EXPECT_TRUE(holds(gate.at("text"), "of the mean (6 prompts)")) << gate;
  EXPECT_FALSE(holds(gate.at("text"), "half of it")) << gate;
}

TEST(IntervalGate, NeverPassesWhereAPairLacksTheMetric) {
  json report = report_of(about(0.1, 0.02, 8));
  report["comparisons"][0]["cases"][0]["values"].erase("lpips.alex");
  EXPECT_EQ(code_of(report, lpips_gate(R"("at_most":0.2)")), 5);
  EXPECT_EQ(code_of(report, lpips_gate(R"("at_most":0.01)")), 2);  // but seven may fail it
}

TEST(IntervalGate, IsInconclusiveWhereAValueIsNotFinite) {
  json report = report_of(about(0.1, 0.02, 8));
  report["comparisons"][0]["cases"][0]["values"]["lpips.alex"] = nullptr;
  report["comparisons"][0]["cases"][0]["nonfinite"]["lpips.alex"] = "+inf";
  EXPECT_EQ(code_of(report, lpips_gate(R"("at_most":0.2)")), 5);
}

TEST(IntervalGate, TakesAnIdenticalPairForNoSquaredError) {
  json report = report_of(about(0.1, 0.02, 8));
  report["comparisons"][0]["cases"][0]["values"]["psnr.rgb"] = nullptr;
  report["comparisons"][0]["cases"][0]["nonfinite"]["psnr.rgb"] = "+inf";
  EXPECT_EQ(
      code_of(report, R"({"metric":"psnr.rgb","statistic":"mean","by":"interval","at_least":39})"),
      0);
}

TEST(IntervalGate, CorrectsForTheNumberOfSettingsByHolm) {
  // For itself the first is beyond 0.2 with p some 0.02; among eight that is no news.
  std::vector<SyntheticSetting> settings = {
      {"3/0/0", {0.19, 0.21, 0.24, 0.20, 0.22, 0.205, 0.23, 0.195, 0.21, 0.215}, kBlocks}};
  const std::string gate = lpips_gate(R"("at_most":0.2)");
  EXPECT_EQ(code_of(synthetic_report(settings), gate), 2);
  for (int i = 1; i < 8; ++i)
    settings.push_back({std::to_string(3 + i) + "/0/0", about(0.1, 0.02, 10), kBlocks});
  const json report = synthetic_report(settings);
  EXPECT_EQ(code_of(report, gate), 5);
  EXPECT_TRUE(holds(text_of(report, gate), "is more than 0.2 for itself only (p 0.0"))
      << text_of(report, gate);
  EXPECT_TRUE(holds(text_of(report, gate), "Holm's correction over 8 tests"));
  const json found = judged(report, gates_of(gate));
  EXPECT_EQ(found.at("gates")[0].at("passed"), 7);
}

TEST(IntervalGate, FailsNobodyForWhatTheNoiseFloorDoesAsWell) {
  json report = report_of(about(0.3, 0.02, 8));
  const std::string gate = lpips_gate(R"("at_most":0.2)");
  report["comparisons"][0]["quality"]["lpips.alex"]["reading"] = "beyond the floor";
  EXPECT_EQ(code_of(report, gate), 2);
  report["comparisons"][0]["quality"]["lpips.alex"]["reading"] = "no difference shown";
  EXPECT_EQ(code_of(report, gate), 5);
  EXPECT_TRUE(holds(text_of(report, gate), "the noise floor is as high")) << text_of(report, gate);
}

// A whole gate over 6 settings of 16 pairs whose true means lie on the bound: fails in at most
// alpha of the runs (5 % of 500 are 25; three standard errors more are 40), and with one setting
// beyond by the smallest change in at least the stated 80 % (400, three standard errors less 373).
int failures(double beyond_of_first, double alpha_of_run) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  const std::vector<Gate> gates =
      gates_of(lpips_gate(R"("at_most":1)"), std::to_string(alpha_of_run));
  int failed = 0;
  for (int run = 0; run < 500; ++run) {
    std::vector<std::vector<GateObservations>> settings(6);
    for (auto& bounds : settings) {
      GateObservations observations{
          .beyond = {}, .unit = "", .bound = 1, .what = "mean", .shown = {}};
      observations.shown = [](double beyond) { return 1 + beyond; };
      const double mean = &bounds == &settings.front() ? beyond_of_first : 0;
      for (int pair = 0; pair < 16; ++pair) observations.beyond.push_back(mean + normal(random));
      bounds.push_back(std::move(observations));
    }
    bool any = false;
    const auto answers = judge_by_interval({{&gates[0], settings}});
    for (const IntervalAnswer& answer : answers[0]) any = any || answer.answer == Answer::kFail;
    failed += any;
  }
  return failed;
}

TEST(IntervalGate, FailsInAtMostAlphaOfRunsWithoutADifference) {
  const int failed = failures(0, 0.05);
  EXPECT_LE(failed, 40);
  EXPECT_GE(failed, 10);  // it does not merely refuse to answer
}

TEST(IntervalGate, FindsADifferenceOfTheStatedSizeWithTheStatedPower) {
  const std::vector<Gate> gates = gates_of(lpips_gate(R"("at_most":1)"));
  const std::vector<std::vector<GateObservations>> settings(
      6, {{.beyond = about(0, std::sqrt(15.0 / 16), 16),
           .unit = "",
           .bound = 1,
           .what = "mean",
           .shown = [](double beyond) { return 1 + beyond; }}});
  const std::vector<BoundTest> tests = judge_by_interval({{&gates[0], settings}})[0][0].tests;
  const double change = tests[0].smallest_change.value();  // of observations with a spread of 1
  EXPECT_GE(failures(change, 0.05), 373);
  EXPECT_LE(failures(change, 0.05), 450);
}

}  // namespace
}  // namespace sameseed
