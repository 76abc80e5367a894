// Which model a switch costs more: by what, and what is said where it cannot be told.
#include "reports/summary/sensitivity.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/reports/small_run.h"

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

// Eight prompts under two models, the convolution switch off and on.
RawRun run_of_two_models() {
  RawRun run = small_run();
  json& plan = run.plan;
  plan["axes"] = {{{"name", kModelsAxis}, {"values", {"base", "other"}}},
                  {{"name", kConvAxis}, {"values", {"0", "1"}}}};
  plan["models"] = {{"base", "/m/base"}, {"other", "/m/other"}};
  for (const char* list : {"environments", "cases", "comparisons", "samples", "excluded"})
    plan[list] = json::array();
  run.samples.clear();
  run.scores.clear();
  run.workers.clear();
  for (const std::string model : {"base", "other"}) {
    for (const std::string arm : {"r", "off", "on"}) {
      plan["environments"].push_back({{"id", "e" + arm + model},
                                      {"engine", arm == "r" ? "reference" : "accelerated"},
                                      {"variables", {{kConv, arm == "on" ? "1" : "0"}}},
                                      {"load", {{"model", "/m/" + model}}}});
      json worker = good_worker("e" + arm + model, arm == "on" ? 1e-3 : 1e-7);
      worker["load"]["effective"]["sampler"] = model + "Scheduler";
      run.workers.push_back(worker);
      for (int prompt = 0; prompt < 8; ++prompt) {
        const std::string id = arm + "-" + model + std::to_string(prompt);
        plan["cases"].push_back({{"id", id},
                                 {"environment", "e" + arm + model},
                                 {"request",
                                  {{"prompt", "p" + std::to_string(prompt)},
                                   {"seed", 0},
                                   {"steps", 20},
                                   {"guidance", model == "base" ? 5 : 3}}}});
        json sample = {{"id", "q:" + id},       {"case", id}, {"kind", "quality"},
                       {"comparison", nullptr}, {"block", 0}, {"position", 0}};
        plan["samples"].push_back(sample);
        run.samples["q:" + id] = good_record(sample);
      }
    }
    for (const std::string arm : {"off", "on"}) {
      json pairs = json::array();
      for (int prompt = 0; prompt < 8; ++prompt) {
        const std::string number = model + std::to_string(prompt);
        pairs.push_back({{"candidate", arm + "-" + number},
                         {"reference", "r-" + number},
                         {"prompt", "p" + std::to_string(prompt)},
                         {"seed", 0}});
        const double loss = (arm == "on" ? 0.1 : 0.01) * (prompt + 1) *
                            (arm == "on" && model == "base" ? 4 + 0.1 * (prompt % 3) : 1);
        json line = pair_scores(arm + "-" + number, "r-" + number, 40, loss);
        line["of_reference"] = {{"contrast", 30}, {"latents_deviation", model == "base" ? 1 : 0.5}};
        run.scores[{arm + "-" + number, "r-" + number}] = line;
      }
      plan["comparisons"].push_back(
          {{"id", arm + "~" + model},
           {"kind", "reference"},
           {"setting", {{kModelsAxis, model}, {kConvAxis, arm == "on" ? "1" : "0"}}},
           {"pairs", pairs}});
    }
  }
  return run;
}

TEST(Sensitivity, StandsInTheReportBesideWhatElseTheModelsDifferIn) {
  const Summary summary = summary_of(run_of_two_models());
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

  const json report = report_of(run_of_two_models());
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

TEST(Sensitivity, IsNotToldWhereNoModelIsVaried) {
  const Summary summary = summary_of(small_run());
  EXPECT_FALSE(summary.sensitivity);
  EXPECT_TRUE(summary.effects_by_model.empty());
}

}  // namespace
}  // namespace sameseed
