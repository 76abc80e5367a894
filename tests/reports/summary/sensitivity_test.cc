// Which model a switch costs more: by what, and what is said where it cannot be told.
#include "reports/summary/sensitivity.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/reports/two_models.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Twelve prompts that lose from 1 to 12; on every second one the ratio is a tenth more, on the
// others a tenth less.
ModelLosses losses_with_ratio(double ratio, std::size_t prompts = 12) {
  ModelLosses losses{.a = "base", .b = "other"};
  for (std::size_t i = 0; i < prompts; ++i) {
    const double loss = static_cast<double>(i) + 1;
    losses.by_prompt[std::to_string(i)].emplace_back(ratio * loss * (i % 2 == 0 ? 1.1 : 1 / 1.1),
                                                     loss);
  }
  return losses;
}

TEST(Sensitivity, IsTheRatioOfTheModelsLosses) {
  for (const auto& [ratio, answer] :
       {std::pair{3.0, "base more sensitive"},
        {1 / 3.0, "other more sensitive"},
        {1.0, "equal within the margin"},
        {1.02, "equal within the margin"},
        {1.5, "base more sensitive"}}) {  // beyond 1, and perhaps beyond the margin
    const SensitivityOn on = ratios_of_losses({losses_with_ratio(ratio)})[0];
    EXPECT_EQ(on.answer, answer);
    EXPECT_NEAR(on.ratio.value, ratio, 1e-9);
    EXPECT_EQ(on.ratio.n, 12u);
    EXPECT_NEAR(on.spread, std::log(1.1), 0.01);
  }
}

TEST(Sensitivity, ClaimsLessOfManySwitchesTogether) {
  const double alone = ratios_of_losses({losses_with_ratio(2)})[0].ratio.interval->low;
  std::vector<ModelLosses> many;
  for (std::size_t i = 0; i < 8; ++i) {
    many.push_back(losses_with_ratio(2));
    for (auto& [prompt, pairs] : many.back().by_prompt)  // each deviates on prompts of its own
      if ((std::stoul(prompt) + i) % 3 == 0) std::swap(pairs[0].first, pairs[0].second);
  }
  many[0] = losses_with_ratio(2);
  EXPECT_LT(ratios_of_losses(many)[0].ratio.interval->low, alone);
}

TEST(Sensitivity, TellsNothingOfFewPromptsAndOfNoLoss) {
  EXPECT_EQ(ratios_of_losses({losses_with_ratio(3, 5)})[0].answer, "too few");
  EXPECT_EQ(ratios_of_losses({losses_with_ratio(3, 0)})[0].answer, "too few");
  ModelLosses none = losses_with_ratio(1);
  for (auto& [prompt, pairs] : none.by_prompt) pairs = {{0, 0}};
  const SensitivityOn on = ratios_of_losses({none})[0];
  EXPECT_EQ(on.answer, "no loss");
  EXPECT_FALSE(on.ratio.interval);
}

TEST(Sensitivity, TakesHalfOfTheSmallestLossForNone) {
  ModelLosses one_is_safe = losses_with_ratio(3);
  for (auto& [prompt, pairs] : one_is_safe.by_prompt) pairs[0].second = 0;
  const SensitivityOn on = ratios_of_losses({one_is_safe})[0];
  EXPECT_EQ(on.answer, "base more sensitive");
  EXPECT_EQ(on.replaced, 12u);
}

// The convolution switch off and on; on, it costs "base" some four times as much.
RawRun run_with_conv() {
  return run_of_two_models({{{kConvAxis, "0"}}, {{kConvAxis, "1"}}},
                           [](const std::string& model, const json& setting, int prompt) {
                             const bool on = setting.at(kConvAxis) == "1";
                             return (on ? 0.1 : 0.01) * (prompt + 1) *
                                    (on && model == "base" ? 4 + 0.1 * (prompt % 3) : 1);
                           });
}

TEST(Sensitivity, StandsInTheReportBesideWhatElseTheModelsDifferIn) {
  const Summary summary = summary_of(run_with_conv());
  ASSERT_TRUE(summary.sensitivity);
  ASSERT_EQ(summary.sensitivity->rows.size(), 2u);
  EXPECT_EQ(summary.sensitivity->rows[0].by_metric.at("lpips.alex").answer,
            "equal within the margin");
  const SensitivityOn& on = summary.sensitivity->rows[1].by_metric.at("lpips.alex");
  EXPECT_EQ(on.answer, "base more sensitive");
  EXPECT_NEAR(on.ratio.value, 4.1, 0.1);
  const ModelFacts& base = summary.sensitivity->models[0];
  EXPECT_EQ(base.sampler, "baseScheduler");
  EXPECT_EQ(base.guidance, 5);
  EXPECT_EQ(base.contrast, 30);
  EXPECT_EQ(base.latents_deviation, 1);
  EXPECT_NEAR(base.switches_off.at("lpips.alex"), 0.045, 1e-9);

  const json report = report_of(run_with_conv());
  EXPECT_EQ(report.at("sensitivity").at("rows")[1].at("by_metric").at("lpips.alex").at("answer"),
            "base more sensitive");
  const double of_base = report.at("effects_by_model")
                             .at("base")
                             .at("estimates")[0]
                             .at("quality")
                             .at("lpips.alex")
                             .at("loss"),
               of_other = report.at("effects_by_model")
                              .at("other")
                              .at("estimates")[0]
                              .at("quality")
                              .at("lpips.alex")
                              .at("loss");
  EXPECT_NEAR(of_base, 4.1 * 0.45 - 0.045, 0.05);
  EXPECT_NEAR(of_other, 0.45 - 0.045, 1e-9);
}

TEST(Sensitivity, IsNotToldOfASwitchThatCannotActHere) {
  RawRun run = run_with_conv();
  for (auto& [id, record] : run.samples)
    if (id.starts_with("q:s1"))
      record["effective"][kConv] = {{"value", "1"}, {"acts", false}, {"reason", "no such kernel"}};
  const Summary summary = summary_of(run);
  ASSERT_EQ(summary.sensitivity->rows.size(), 1u);
  EXPECT_TRUE(summary.sensitivity->rows[0].levels.empty());
}

TEST(Sensitivity, IsNotToldWhereNoModelIsVaried) {
  const Summary summary = summary_of(small_run());
  EXPECT_FALSE(summary.sensitivity);
  EXPECT_TRUE(summary.effects_by_model.empty());
}

// A list of timesteps goes before the number of steps, which is then not read.
TEST(Sensitivity, CountsTheStepsOfLists) {
  RawRun run = run_of_two_models({{{"candidate.request.deepcache", nullptr}}},
                                 [](const std::string&, const json&, int) { return 0.01; });
  for (json& one : run.plan["cases"])
    if (one["request"]["guidance"] == 3) one["request"]["timesteps"] = {999, 749, 499, 249};
  const auto models = summary_of(run).sensitivity.value().models;
  EXPECT_EQ(models[0].steps, 20);
  EXPECT_EQ(models[1].steps, 4);
}

}  // namespace
}  // namespace sameseed
