// What is said of the switches: which numbers make it hold, not hold, or neither.
#include "reports/summary/tested_claims.h"

#include <gtest/gtest.h>

#include "tests/reports/two_models.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr const char* kDeep = "candidate.request.deepcache";

// What each setting loses on the first prompt; by a tenth more or less on every second one.
struct Planted {
  double off = 0.01, conv = 0.02, weak = 0.1, strong = 0.3;
};

std::vector<TestedClaim> claims_of(const Planted& base, const Planted& other) {
  RawRun run = run_of_two_models(
      {{{kConvAxis, "0"}, {kDeep, nullptr}},
       {{kConvAxis, "1"}, {kDeep, nullptr}},
       {{kConvAxis, "0"}, {kDeep, "3/0/0"}},
       {{kConvAxis, "0"}, {kDeep, "5/0/0"}}},
      [&](const std::string& model, const json& setting, int prompt) {
        const Planted& planted = model == "base" ? base : other;
        const double loss = setting.at(kDeep) == "3/0/0"   ? planted.weak
                            : setting.at(kDeep) == "5/0/0" ? planted.strong
                            : setting.at(kConvAxis) == "1" ? planted.conv
                                                           : planted.off;
        // Settings wobble on different prompts.
        const int place = setting.at(kDeep) == "5/0/0" || setting.at(kConvAxis) == "1";
        return loss * ((prompt + place) % 2 == 0 ? 1.1 : 0.9);
      });
  run.plan["claims"] = true;
  return summary_of(run).claims.value();
}

const TestedClaim& claim_in(const std::vector<TestedClaim>& claims, const std::string& words,
                            const std::string& model) {
  for (const TestedClaim& claim : claims)
    if (claim.claim.find(words) != std::string::npos && claim.model == model) return claim;
  throw std::out_of_range(words);
}

std::string answer(const std::vector<TestedClaim>& claims, const std::string& words,
                   const std::string& model) {
  return claim_in(claims, words, model).answer;
}

TEST(TestedClaims, HoldWhereTheNumbersSaySo) {
  const auto claims = claims_of({.conv = 0.05}, {.conv = 0.02});
  EXPECT_EQ(answer(claims, "of convolutions costs quality", "base"), kHolds);
  EXPECT_NEAR(claim_in(claims, "of convolutions", "base").value.value(), 0.04, 1e-9);
  EXPECT_EQ(answer(claims, "DeepCache is lossy", "base"), kHolds);
  EXPECT_EQ(answer(claims, "DeepCache loses less the weaker", "other"), kHolds);
  EXPECT_EQ(answer(claims, "base is more sensitive than other", ""), kHolds);
}

TEST(TestedClaims, DoNotHoldWhereTheNumbersContradictThem) {
  const auto claims =
      claims_of({.conv = 0.005, .weak = 0.5}, {.conv = 0.02, .weak = 0.005, .strong = 3});
  EXPECT_EQ(answer(claims, "of convolutions costs quality", "base"), kDoesNotHold);  // it gains
  EXPECT_EQ(answer(claims, "DeepCache is lossy", "other"), kDoesNotHold);
  EXPECT_EQ(answer(claims, "DeepCache loses less the weaker", "base"), kDoesNotHold);
  // More on one switch, less on another: no model is the more sensitive one.
  EXPECT_EQ(answer(claims, "base is more sensitive than other", ""), kDoesNotHold);
}

TEST(TestedClaims, AreNotShownWhereTheIntervalHoldsNothing) {
  // A cost that is a third of what is lost anyway, and as uncertain.
  const auto claims = claims_of({.off = 0.01, .conv = 0.0105, .strong = 0.102}, {});
  EXPECT_EQ(answer(claims, "of convolutions costs quality", "base"), kNotShown);
  EXPECT_EQ(answer(claims, "DeepCache loses less the weaker", "base"), kNotShown);
}

TEST(TestedClaims, SayWhyTheyCannotBeTested) {
  const auto claims = claims_of({}, {});
  for (const auto& [words, why] :
       {std::pair{"of products costs quality", "the run does not hold it on beside off"},
        {"about 5 % of the time", "no setting has both on"},
        {"v7 and v8", "no floor of the two was measured"},
        {"advised for quality", "the run does not hold both"},
        {"post-processing", "the run does not hold the setting with it"}}) {
    const TestedClaim& claim = claim_in(claims, words, "base");
    EXPECT_EQ(claim.answer, kCannotBeTested) << words;
    EXPECT_NE(claim.because.find(why), std::string::npos) << claim.because;
    EXPECT_FALSE(claim.value);
  }
}

// `settings`: of guidance, half convolutions and DeepCache, and what each loses.
std::vector<TestedClaim> claims_of_settings(const std::vector<std::pair<json, double>>& settings) {
  std::vector<json> list;
  for (const auto& [setting, loss] : settings) list.push_back(setting);
  RawRun run = run_of_two_models(list, [&](const std::string&, const json& setting, int prompt) {
    double loss = 0;
    for (const auto& [planted, of] : settings)
      if (planted == setting) loss = of;
    return loss * (prompt % 2 == 0 ? 1.1 : 0.9);
  });
  run.plan["claims"] = true;
  return summary_of(run).claims.value();
}

TEST(TestedClaims, AreOfAllValuesOfTheOtherAxes) {
  const char* guidance = "both.request.guidance";
  const auto claims = claims_of_settings({{{{guidance, 1}, {kDeep, nullptr}}, 0.01},
                                          {{{guidance, 1}, {kDeep, "3/0/0"}}, 0.02},
                                          {{{guidance, 7}, {kDeep, nullptr}}, 0.1},
                                          {{{guidance, 7}, {kDeep, "3/0/0"}}, 0.4}});
  EXPECT_NEAR(claim_in(claims, "DeepCache is lossy", "base").value.value(), (0.01 + 0.3) / 2, 1e-9);
}

TEST(TestedClaims, NeverHoldTogetherWhatDiffersInAnotherAxisToo) {
  const char* guidance = "both.request.guidance";
  const auto claims = claims_of_settings(
      {{{{guidance, 1}, {kDeep, nullptr}}, 0.01}, {{{guidance, 7}, {kDeep, "3/0/0"}}, 0.4}});
  EXPECT_EQ(answer(claims, "DeepCache is lossy", "base"), kCannotBeTested);
}

TEST(TestedClaims, KnowEveryWayToLeaveTheOlderApiOff) {
  const char* api = "reference.env.TORCH_CUDNN_V8_API_DISABLED";
  const auto claims = claims_of_settings({{{{api, "0"}, {kConvAxis, "0"}, {kDeep, nullptr}}, 0.01},
                                          {{{api, "0"}, {kConvAxis, "1"}, {kDeep, "3/0/0"}}, 0.4},
                                          {{{api, "0"}, {kConvAxis, "0"}, {kDeep, "3/0/0"}}, 0.3}});
  EXPECT_EQ(answer(claims, "DeepCache is lossy", "base"), kHolds);
  EXPECT_EQ(claim_in(claims, "of products costs", "base").because,
            "the run does not hold it on beside off");
}

TEST(TestedClaims, HoldPostProcessingAgainstTheSameSettingWithout) {
  const char *product = "candidate.env.ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION",
             *enhance = "candidate.request.enhance";
  const auto of = [&](const char* half, const json& deepcache, const json& enhanced) {
    return json{{kConvAxis, half}, {product, half}, {kDeep, deepcache}, {enhance, enhanced}};
  };
  const auto claims = claims_of_settings({{of("0", nullptr, nullptr), 0.01},
                                          {of("1", "3/0/0", "unsharp"), 0.1},
                                          {of("1", "5/0/0", nullptr), 0.3}});
  EXPECT_EQ(answer(claims, "post-processing", "base"), kCannotBeTested);
  EXPECT_EQ(answer(claims, "advised for quality", "base"), kHolds);
}

TEST(TestedClaims, StandInTheReportOnlyWhereTheyAreAskedFor) {
  EXPECT_FALSE(report_of(small_run()).contains("claims"));
  RawRun run = small_run();
  run.plan["claims"] = true;
  const json claims = report_of(run).at("claims");
  EXPECT_EQ(claims[0].at("claim"), "half accumulation of convolutions costs quality");
  EXPECT_EQ(claims[0].at("model"), nullptr);
}

}  // namespace
}  // namespace sameseed
