#include "reports/judge/derived_gates.h"

#include <gtest/gtest.h>

#include "io/error.h"
#include "reports/formats/gate_file.h"
#include "reports/judge/coverage.h"
#include "tests/reports/judged.h"
#include "tests/reports/synthetic_report.h"

namespace sameseed {
namespace {

using nlohmann::json;

// `n` losses from `low` to `high`, in even steps.
std::vector<double> losses_from(double low, double high, std::size_t n) {
  std::vector<double> losses;
  for (std::size_t i = 0; i < n; ++i)
    losses.push_back(low + (high - low) * static_cast<double>(i) / static_cast<double>(n - 1));
  return losses;
}

// Two values of DeepCache with a floor beside them.
Summary measured(std::size_t prompts, const std::vector<double>& floor) {
  json report = synthetic_report({{"3/0/0", losses_from(0.001, 0.003, prompts), {}},
                                  {"5/0/0", losses_from(0.02, 0.04, prompts), {}}});
  add_floor(report, "reference, second process", floor);
  return summary_of_report(report);
}

Summary with_96() { return measured(96, std::vector<double>(96, 0.0)); }

std::string problem_of(const Summary& summary, const GateRule& rule) try {
  derive_gates(summary, rule);
  return "";
} catch (const UserError& error) {
  return error.what();
}

TEST(DerivedGates, AreTwiceTheUpperEndOfWhatWasMeasured) {
  const std::vector<Gate> gates = derive_gates(with_96(), {});
  ASSERT_EQ(gates.size(), 4u);
  EXPECT_EQ(gate_label(gates[0]), "lpips.alex median at most 0.0044, by interval");
  EXPECT_EQ(gates[0].where, (Setting{{"candidate.request.deepcache", "3/0/0"}}));
  // With 96 prompts at most 5 % are beyond the second largest loss, 0.00298.
  EXPECT_EQ(gate_label(gates[1]), "lpips.alex worst5 at most 0.006, by interval");
  EXPECT_EQ(gates[2].where, (Setting{{"candidate.request.deepcache", "5/0/0"}}));
  EXPECT_EQ(*gates[3].at_most, 0.08);
  EXPECT_EQ(gates[0].because,
            "2 x what was measured: median of 96 prompts 0.002, with 95 % confidence at most "
            "0.0022; the noise floor's 0");
}

TEST(DerivedGates, PassOnTheRunThatTheyAreFromAndCoverItAndFailOnADoubledOne) {
  const Summary summary = with_96();
  const std::vector<Gate> read =
      parse_gates(gate_file_text(derive_gates(summary, {})), "gates.json");
  EXPECT_EQ(read.front().prompts, 96);
  const Verdict verdict = with_coverage_required(verdict_of(summary, read), summary);
  EXPECT_EQ(verdict.code, 0) << verdict.word;
  json worse = synthetic_report(
      {{"3/0/0", losses_from(0.004, 0.012, 96), {}}, {"5/0/0", losses_from(0.02, 0.04, 96), {}}});
  EXPECT_EQ(verdict_of(summary_of_report(worse), read).code, 2);
}

TEST(DerivedGates, AreAboveTheNoiseFloorWhereThatIsHigher) {
  const std::vector<Gate> gates = derive_gates(measured(96, losses_from(0.0, 0.01, 96)), {});
  EXPECT_EQ(*gates[0].at_most, 0.012);  // the floor's median is 0.005, at most 0.0059
  EXPECT_EQ(gates[0].because.substr(0, 21), "2 x the noise floor: ");
  EXPECT_EQ(*gates[2].at_most, 0.064);  // 5/0/0 is above it: 0.03, at most 0.0318
}

TEST(DerivedGates, OfFewPromptsTakeTheLargestLossAndSaySo) {
  const std::vector<Gate> gates =
      derive_gates(measured(24, std::vector<double>(24, 0.0)), {.prompts = 96});
  EXPECT_EQ(gates[0].prompts, 96);
  EXPECT_EQ(*gates[1].at_most, 0.006);
  EXPECT_EQ(gates[1].because,
            "2 x what was measured: worst5 of 24 prompts 0.003, the largest loss 0.003; the noise "
            "floor's 0");
}

TEST(DerivedGates, TakeOtherRoomAndOtherGroups) {
  EXPECT_EQ(*derive_gates(with_96(), {.times = 4})[1].at_most, 0.012);
  EXPECT_EQ(problem_of(with_96(), {.by = {"both.request.steps"}}),
            "both.request.steps: is no axis of synthetic");
  EXPECT_EQ(derive_gates(with_96(), {.by = {"candidate.request.deepcache"}}).size(), 4u);
}

TEST(DerivedGates, AreNotMadeFromHalfARun) {
  json report = synthetic_report({{"3/0/0", losses_from(0.001, 0.003, 8), {}}});
  EXPECT_NE(problem_of(summary_of_report(report), {}).find("no noise floor"), std::string::npos);
  EXPECT_NE(problem_of(with_96(), {.metric = "flip"}).find("no scores by flip"), std::string::npos);
  EXPECT_NE(problem_of(with_96(), {.metric = "psnr.rgb"}).find("lower is better"),
            std::string::npos);
  Summary torn = with_96();
  torn.comparisons[0].pairs[3].values.clear();
  EXPECT_NE(problem_of(torn, {}).find("without a finite lpips.alex"), std::string::npos);
}

}  // namespace
}  // namespace sameseed
